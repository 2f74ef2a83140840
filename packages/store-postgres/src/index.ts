export type { Flush, FlushListener } from './connection/flush.js'
export type { ConnectionOptions } from './connection/settings.js'
export { createPostgresStore, createStore, openStore, type StoreOptions } from './create-store.js'
export { attachEmbedded } from './embedded/attach.js'
export { embeddedAvailable } from './embedded/native-package.js'
export { removeEmbedded } from './embedded/remove-embedded.js'
export { startEmbedded } from './embedded/start-embedded.js'
export type {
  EmbeddedClosed,
  EmbeddedConnection,
  EmbeddedLog,
  EmbeddedLogLine,
  EmbeddedOptions,
  EmbeddedServer,
} from './embedded/types.js'
export type { HostClient } from './join/host-client.js'
export { type JoinedTransaction, type JoinOptions, joinTransaction } from './join/join-transaction.js'
export type { ApplyResult } from './migrate/apply.js'
export {
  type DatabaseOptions,
  databasePlan,
  databaseStatus,
  databaseSum,
  type MigrateDatabaseOptions,
  type MigratedModule,
  migrateDatabase,
} from './migrate/database.js'
export { formatDifference, type SchemaDifference } from './migrate/difference.js'
export { type Migration, readMigrations } from './migrate/read.js'
export { type MigrationPlan, type MigrationState, type MigrationStatus, migrationStatus } from './migrate/status.js'
export {
  type PromotedTable,
  type PromoteOptions,
  type PromoteProgress,
  type PromoteResult,
  promote,
} from './promote/promote.js'
export { forgetDatabasePromotion } from './promote/state.js'
export type { ModuleLogin, StoreLogins } from './roles/logins.js'
export { roleName, schemaName } from './roles/names.js'
export { derivePassword } from './roles/password.js'
export { type RoleScriptOptions, roleScript, type ScriptLogin } from './roles/role-script.js'
export { type PrepareOptions, preparePostgres } from './schema/prepare-postgres.js'
export { ownSchemaSteps } from './schema/versions.js'
export type { StoreLog, StoreLogLine } from './store-log.js'
export type { PostgresStoreOptions, StoreLimits } from './store-options.js'
