export type { Flush, FlushListener } from './connection/session.js'
export type { ConnectionOptions } from './connection/settings.js'
export { createPostgresStore, createStore, openStore, type StoreOptions } from './create-store.js'
export { attachEmbedded } from './embedded/attach.js'
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
export { readMigrations } from './migrate/read.js'
export { migrationStatus, type MigrationStatus } from './migrate/status.js'
export { promote, type PromoteOptions, type PromoteProgress, type PromoteResult } from './promote/promote.js'
