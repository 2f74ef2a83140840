import { resolve } from 'node:path'
import { modulesOf } from '@banyan/module'
import type { Logger, StoreModule } from '@banyan/runtime'
import type { LoadedApp } from './config/load.js'
import { type OpenDatabase, openDatabase } from './database.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The modules of an app as a store takes them. */
export function storeModules({ app, folder }: Pick<LoadedApp, 'app' | 'folder'>): StoreModule[] {
  return modulesOf(app).map(({ name, migrations }) => ({
    name,
    ...(migrations === undefined ? {} : { migrations: resolve(folder, migrations) }),
  }))
}

/** The database of an app with its modules, without starting any of them. */
export async function appDatabase(
  loaded: LoadedApp,
  environment: Environment,
  logger: Logger,
  guest = false,
): Promise<OpenDatabase & { readonly modules: readonly StoreModule[] }> {
  const { folder, config } = loaded
  const database = await openDatabase({ folder, config, environment, logger, guest })
  return { ...database, modules: storeModules(loaded) }
}
