import { type Ambient, createAmbient } from '@banyan/ambient'
import type { StoreModule } from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore, roleName } from '@banyan/store-postgres'
import type { Client } from 'pg'
import { toDatabase, withClient } from './connect.js'
import { pruneDatabases } from './prune.js'
import { type Shape, shapeOf } from './shape.js'

/** A database of one test: a copy of the template of its app. */
export interface Clone {
  /** The app as the store knows it. */
  readonly app: string
  readonly connection: ConnectionOptions
  /**
   * Ends every connection to it that these modules have, as the death of their process would, and waits until the server
   * has noticed.
   */
  cut(modules: readonly string[]): Promise<void>
  drop(): Promise<void>
}

// One process at a time makes a template: roles belong to the whole server, and so does this lock.
const templateLock = 4_702_318_811
const templateAttempts = 3
const cutPollMs = 5
const cutAttempts = 2_000

/**
 * Makes a database with everything that the app needs. The first one of a shape migrates a template, which takes about a
 * second; from then on it is a copy, which takes tens of milliseconds.
 * @throws `store-unreachable`, and what opening a store throws (`migration-failed`, `store-privileges`, …)
 */
export async function cloneDatabase(
  server: ConnectionOptions,
  app: string,
  modules: readonly StoreModule[],
): Promise<Clone> {
  // The names of databases and the clean-up go by the real clock, whatever the test makes of time.
  const ambient = createAmbient()
  const shape = shapeOf(app, modules)
  const name = `${shape.clonePrefix}${ambient.newId().replaceAll('-', '')}`
  await withClient(server, async (client) => {
    for (let attempt = 1; !(await copy(client, shape, name, attempt === templateAttempts)); attempt++)
      await makeTemplate(client, server, { shape, modules, ambient })
  })
  return {
    app: shape.app,
    connection: toDatabase(server, name),
    cut: (cutModules) =>
      withClient(server, (client) =>
        cutConnections(
          client,
          name,
          cutModules.map((module) => roleName(shape.app, module)),
        ),
      ),
    drop: () => withClient(server, async (client) => void (await client.query(`drop database "${name}" with (force)`))),
  }
}

/** False when there is no template yet. */
async function copy(client: Client, { template }: Shape, name: string, last: boolean): Promise<boolean> {
  try {
    await client.query(`create database "${name}" template "${template}"`)
    return true
  } catch (error) {
    if (!last && (error as { code?: string }).code === '3D000') return false
    throw error
  }
}

interface Making {
  readonly shape: Shape
  readonly modules: readonly StoreModule[]
  readonly ambient: Ambient
}

async function makeTemplate(client: Client, server: ConnectionOptions, making: Making): Promise<void> {
  const { shape, modules, ambient } = making
  await client.query('select pg_advisory_lock($1)', [templateLock])
  try {
    const found = await client.query('select from pg_database where datname = $1', [shape.template])
    // Another process was quicker.
    if (found.rowCount === 1) return
    await pruneDatabases(client, ambient.now())
    const draft = `${shape.clonePrefix}draft`
    await client.query(`drop database if exists "${draft}" with (force)`)
    await client.query(`create database "${draft}"`)
    const store = createPostgresStore({ app: shape.app, connection: toDatabase(server, draft), ambient })
    try {
      await store.open(modules)
    } finally {
      await store.close()
    }
    await cutConnections(client, draft)
    // Only what is whole has the name of a template.
    await client.query(`alter database "${draft}" rename to "${shape.template}"`)
  } finally {
    await client.query('select pg_advisory_unlock($1)', [templateLock])
  }
}

/** @param roles whose connections; all when absent */
async function cutConnections(client: Client, database: string, roles?: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < cutAttempts; attempt++) {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()
       and ($2::text[] is null or usename = any ($2))`,
      [database, roles ?? null],
    )
    if (rowCount === 0) return
    await new Promise((done) => setTimeout(done, cutPollMs))
  }
}
