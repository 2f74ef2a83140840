import { createAmbient } from '@banyan/ambient'
import type { Store } from '@banyan/runtime'
import { createPostgresStore, type PostgresStoreOptions } from '@banyan/store-postgres'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { asAdmin, embeddedServer, type ServerConnection, type TestServer } from '../conformance/server.js'
import { modules, type ProcessOptions, type TestProcess, testProcess } from './process.js'

const template = 'delivery_template'
const app = 'market'
const ambient = createAmbient()

/** An embedded server for the tests of one file, which makes each test a database of its own. */
export function withServer(): () => Promise<DeliverySpace> {
  let server: TestServer | undefined
  beforeAll(async () => {
    server = await embeddedServer()
    await asAdmin(server.connection, (client) => client.query(`create database ${template}`))
    const store = createPostgresStore({ app, connection: { ...server.connection, database: template }, ambient })
    await store.open(modules)
    await store.close()
  })
  afterAll(() => server?.stop())
  return async () => {
    const { connection } = server as TestServer
    const database = `delivery_${ambient.newId().replaceAll('-', '')}`
    await asAdmin(connection, (client) => client.query(`create database ${database} template ${template}`))
    const space = new DeliverySpace({ ...connection, database })
    onTestFinished(async () => {
      await space.close()
      await asAdmin(connection, (client) => client.query(`drop database ${database} with (force)`))
    })
    return space
  }
}

export interface Effect {
  readonly event: string
  readonly key: string
  readonly position: string
  readonly transaction: string
}

/** A database of one test, with as many processes on it as the test starts. */
export class DeliverySpace {
  readonly connection: ServerConnection
  readonly #processes: TestProcess[] = []
  readonly #stores: Store[] = []

  constructor(connection: ServerConnection) {
    this.connection = connection
  }

  async open(options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
    const store = createPostgresStore({ app, connection: this.connection, ambient, ...options })
    this.#stores.push(store)
    await store.open(modules)
    return store
  }

  /** A process that runs. */
  async start(
    options: Omit<ProcessOptions, 'store'>,
    storeOptions: Partial<PostgresStoreOptions> = {},
  ): Promise<TestProcess> {
    const process = testProcess({ ...options, store: await this.open(storeOptions) })
    this.#processes.push(process)
    await process.delivery.start()
    return process
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.delivery.stop(2_000)))
    await Promise.all(this.#stores.map((store) => store.close(0)))
  }

  effects(module: string): Promise<Effect[]> {
    return this.rows(`select * from ${module}.effects order by number`) as Promise<unknown> as Promise<Effect[]>
  }

  rows(text: string, values?: unknown[]): Promise<Record<string, any>[]> {
    return asAdmin(this.connection, async (client) => (await client.query(text, values)).rows)
  }

  /** Each event of the log of orders had exactly one effect in the module, in order per key (P5, L3). */
  async expectExactlyOnce(module: string): Promise<void> {
    const log = await this.rows('select id, key, position from orders.banyan_log order by lane, position')
    const effects = await this.effects(module)
    expect(effects.map((effect) => effect.event).sort()).toEqual(log.map((event) => event.id).sort())
    const last = new Map<string, number>()
    for (const { key, position } of effects) {
      expect(Number(position)).toBeGreaterThan(last.get(key) ?? 0)
      last.set(key, Number(position))
    }
    const expected = new Map<string, number>()
    for (const { key } of log) expected.set(key, (expected.get(key) ?? 0) + 1)
    const counters = await this.rows(`select key, count from ${module}.counters`)
    expect(new Map(counters.map(({ key, count }) => [key, Number(count)]))).toEqual(expected)
  }
}

/** Waits for a condition; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
