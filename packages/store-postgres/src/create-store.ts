import type { Store, StoreModule } from '@banyan/runtime'
import type { EmbeddedOptions } from './embedded/types.js'
import { PostgresStore } from './postgres-store.js'
import type { PostgresStoreOptions } from './store-options.js'

/** How a store is made where it is not known yet whether there is a server. */
export interface StoreOptions extends Omit<PostgresStoreOptions, 'connection'> {
  /** A server, as in DATABASE_URL. Absent: an embedded PostgreSQL is started. */
  readonly url?: string | undefined
  /** The folder of the embedded database. */
  readonly dataDir: string
  /** More about the embedded server. */
  readonly embedded?: Omit<EmbeddedOptions, 'dataDir' | 'log'>
}

/** A store over a server, or over an embedded server that is running already; it stays its caller's to stop. */
export function createPostgresStore(options: PostgresStoreOptions): Store {
  return new PostgresStore(options)
}

/**
 * A store over the server at `url`, or over an embedded server, which is started here and stopped by the store's close.
 * @throws what starting the embedded server throws (`store-in-use`, `store-start-failed`, …)
 */
export async function createStore(options: StoreOptions): Promise<Store> {
  const { url, dataDir, embedded, ...rest } = options
  if (url !== undefined && url !== '') return new PostgresStore({ ...rest, connection: { connectionString: url } })
  // Loaded only where it is needed: a service with a server never reads the embedded part.
  const { startEmbedded } = await import('./embedded/start-embedded.js')
  const server = await startEmbedded({ ...embedded, dataDir, ...(rest.log ? { log: rest.log } : {}) })
  return new PostgresStore(
    { ...rest, connection: server.connection },
    { kind: 'embedded', target: `embedded in ${dataDir}`, stop: () => server.stop() },
  )
}

/**
 * Makes a store and opens the modules on it; whatever was started is stopped again when that fails.
 * @throws what `createStore` and `Store.open` throw
 */
export async function openStore(options: StoreOptions, modules: readonly StoreModule[]): Promise<Store> {
  const store = await createStore(options)
  try {
    await store.open(modules)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}
