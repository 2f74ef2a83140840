export { type EmitOptions as EmitAccessOptions, type EmittedAccess, emitAccess } from './access/emit.js'
export { databaseEnvironment } from './access/environment.js'
export {
  type AccessChange,
  type AccessOptions,
  type PreparedAccess,
  prepareAccess,
  readAccess,
} from './access/prepare.js'
export { accessReasons, type Reason as AccessReason } from './access/reasons.js'
export { type AccessEnvironment, accessVariables } from './access/variables.js'
export { appDatabase, storeModules } from './app-database.js'
export type { RunningApp } from './composition.js'
export { checkConfig } from './config/check.js'
export { checkApp } from './config/check-app.js'
export {
  type Config,
  defineConfig,
  type EventsConfig,
  type GatewayConfig,
  type LogConfig,
  type ProbeConfig,
  type ServiceConfig,
  type StoreConfig,
} from './config/define.js'
export type { DeliveryConfig } from './config/delivery.js'
export { loadEnvironmentFile } from './config/environment-file.js'
export { type StreamLimits, streamLimits } from './config/events.js'
export { type ConfigPlace, type LoadedApp, type LoadedConfig, loadApp, loadConfig } from './config/load.js'
export {
  type BreakerConfig,
  type BulkheadConfig,
  type EdgeConfig,
  type EdgeName,
  type FaultConfig,
  type PoliciesConfig,
  type PolicyContext,
  policyPlacement,
  type RetryConfig,
} from './config/policies.js'
export { gatewayService } from './config/services/check.js'
export { topologyOf } from './config/services/topology.js'
export {
  dataFolder,
  hasDatabase,
  type OpenDatabase,
  type OpenDatabaseOptions,
  openDatabase,
  storeSecret,
} from './database.js'
export { type DiagnoseOptions, diagnose } from './diagnose.js'
export {
  type Embedded,
  type EmbeddedCallOptions,
  type EmbedOptions,
  embed,
  type HostUnitContext,
} from './embed.js'
export type { Finding } from './finding.js'
export type { Connected, ConnectOptions } from './service/connect.js'
export type { BrokerAccess } from './service/environment.js'
export { type ServiceOptions, startService } from './service/start-service.js'
export { type StartOptions, startApp } from './start.js'
