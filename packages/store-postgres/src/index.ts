export type { Flush, FlushListener } from './connection/session.js'
export type { ConnectionOptions } from './connection/settings.js'
export { createPostgresStore, createStore, openStore, type StoreOptions } from './create-store.js'
export { embeddedAvailable } from './embedded/native-package.js'
export { startEmbedded } from './embedded/start-embedded.js'
export type {
  EmbeddedClosed,
  EmbeddedConnection,
  EmbeddedLog,
  EmbeddedLogLine,
  EmbeddedOptions,
  EmbeddedServer,
} from './embedded/types.js'
export { roleName, schemaName } from './roles/names.js'
export type { StoreLog, StoreLogLine } from './store-log.js'
export type { PostgresStoreOptions, StoreLimits } from './store-options.js'
