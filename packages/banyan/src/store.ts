/** The store by itself, and the port that another one would implement. */
export type { ModuleStore, Store, StoreDescription, StoreModule, Unit } from '@banyan/runtime'
export {
  createPostgresStore,
  createStore,
  type EmbeddedServer,
  promote,
  type StoreOptions,
  startEmbedded,
} from '@banyan/store-postgres'
