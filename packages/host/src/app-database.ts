import { resolve } from 'node:path'
import { modulesOf } from '@banyan/module'
import type { Logger, StoreModule } from '@banyan/runtime'
import { type MigrationStatus, migrationStatus, readMigrations, schemaName } from '@banyan/store-postgres'
import pg from 'pg'
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

/** How every module's schema stands to its migrations. Reads only. */
export async function databaseStatus(
  loaded: LoadedApp,
  environment: Environment,
  logger: Logger,
): Promise<MigrationStatus[]> {
  const database = await appDatabase(loaded, environment, logger, true)
  const client = new pg.Client(database.connection)
  try {
    await client.connect()
    const all: MigrationStatus[] = []
    for (const { name, migrations } of database.modules)
      all.push(
        await migrationStatus({
          client,
          schema: schemaName(name),
          module: name,
          migrations: migrations === undefined ? [] : readMigrations(migrations),
        }),
      )
    return all
  } finally {
    await client.end()
    await database.close()
  }
}
