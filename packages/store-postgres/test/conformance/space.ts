import { fileURLToPath } from 'node:url'
import { createAmbient } from '@banyan/ambient'
import type { Ending, ModuleStore, NewEvent, Store, StoreModule } from '@banyan/runtime'
import { createPostgresStore, type Flush, type PostgresStoreOptions } from '@banyan/store-postgres'
import { onTestFinished } from 'vitest'
import { asAdmin, type ServerConnection, type TestServer } from './server.js'

export const ambient = createAmbient()
export const lanes = 64

const migrations = (module: string): string => fileURLToPath(new URL(`./migrations/${module}`, import.meta.url))
export const ordersModule: StoreModule = { name: 'orders', migrations: migrations('orders') }
export const stockModule: StoreModule = { name: 'stock', migrations: migrations('stock') }

/** A database of one test's own, with what the test needs to look behind the port. */
export interface Space {
  readonly connection: ServerConnection
  /** A store over this database; several in one test stand for several processes. */
  open(options?: SpaceOptions): Promise<Store>
  /** Runs SQL as the superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, any>[]>
}

export interface SpaceOptions extends Partial<PostgresStoreOptions> {
  readonly modules?: readonly StoreModule[]
}

const templates = new WeakMap<TestServer, Promise<string>>()

/** A database with both modules in it, made once per server: copying it is quicker than migrating again. */
function templateOf(server: TestServer): Promise<string> {
  const known = templates.get(server)
  if (known) return known
  const made = makeTemplate(server.connection)
  templates.set(server, made)
  return made
}

async function makeTemplate(connection: ServerConnection): Promise<string> {
  await asAdmin(connection, (client) => client.query('create database space_template'))
  const target = { ...connection, database: 'space_template' }
  const store = createPostgresStore({ app: 'market', connection: target, ambient })
  await store.open([ordersModule, stockModule])
  await store.close()
  return 'space_template'
}

/** @param app other than `market`: an empty database, in which nothing was made yet */
export async function newSpace(server: TestServer, app = 'market'): Promise<Space> {
  const database = `space_${ambient.newId().replaceAll('-', '')}`
  const from = app === 'market' ? ` template ${await templateOf(server)}` : ''
  await asAdmin(server.connection, (client) => client.query(`create database ${database}${from}`))
  const connection = { ...server.connection, database }
  const stores: Store[] = []
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close(0)))
    await asAdmin(server.connection, (client) => client.query(`drop database ${database} with (force)`))
  })
  return {
    connection,
    async open({ modules = [ordersModule, stockModule], ...options } = {}) {
      const store = createPostgresStore({ app, connection, ambient, ...options })
      stores.push(store)
      await store.open(modules)
      return store
    },
    sql: (text, values) => asAdmin(connection, async (client) => (await client.query(text, values)).rows),
  }
}

/** Flushes that were counted since the last look. */
export class FlushCount {
  private seen: Flush[] = []
  readonly listener = (flush: Flush): void => void this.seen.push(flush)

  take(): string[][] {
    const flushes = this.seen.map((flush) => flush.statements.map(shortly))
    this.seen = []
    return flushes
  }
}

const shortly = (text: string): string => text.trim().replace(/\s+/g, ' ').slice(0, 40)

let serial = 0

export function newEvent(lane: number, over: Partial<NewEvent> = {}): NewEvent {
  serial++
  return {
    id: ambient.newId(),
    lane,
    key: `key-${lane}`,
    type: 'placed',
    version: 1,
    data: `{"serial":${serial},  "b":1,"a":[1, 2]}`,
    at: ambient.now(),
    context: '{"correlation":"c"}',
    ...over,
  }
}

export const command = (over: { id?: string; inputHash?: string } = {}) => ({
  id: ambient.newId(),
  inputHash: 'hash',
  ...over,
})

export const outcome = (value: unknown = null) => ({ outcome: JSON.stringify({ ok: value }), at: ambient.now() })

/** Appends events in a unit of its own. */
export async function append(store: ModuleStore, ...events: NewEvent[]): Promise<readonly number[]> {
  return (await store.unit().commit({ events })).positions
}

export const fromStart = Array.from({ length: lanes }, (_, lane) => ({ lane, after: 0 }))

/** The code of what a promise rejects with; fails when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
  throw new Error('It was expected to reject')
}

/** Waits for a condition; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

export type { Ending }
