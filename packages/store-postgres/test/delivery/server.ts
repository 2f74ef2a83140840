import type { Store } from '@banyan/runtime'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { embeddedServer, type TestServer } from '../conformance/server.js'
import { newSpace, type Space, type SpaceOptions } from '../conformance/space.js'
import { modules, type ProcessOptions, type TestProcess, testProcess } from './process.js'

/** An embedded server for the tests of one file. */
export function withServer(): () => Promise<DeliverySpace> {
  let server: TestServer | undefined
  beforeAll(async () => {
    server = await embeddedServer()
  })
  afterAll(() => server?.stop())
  return async () => new DeliverySpace(await newSpace(server as TestServer))
}

export interface Effect {
  readonly event: string
  readonly key: string
  readonly position: string
  readonly transaction: string
}

/** A database of one test, with as many processes on it as the test starts. */
export class DeliverySpace {
  readonly space: Space
  constructor(space: Space) {
    this.space = space
  }

  /** A process that runs. */
  async start(
    options: Omit<ProcessOptions, 'store'> & { store?: Store },
    storeOptions: SpaceOptions = {},
  ): Promise<TestProcess> {
    const store = options.store ?? (await this.space.open({ modules, ...storeOptions }))
    const process = testProcess({ ...options, store })
    onTestFinished(() => process.delivery.stop(2_000))
    await process.delivery.start()
    return process
  }

  effects(module: string): Promise<Effect[]> {
    return this.space.sql(`select * from ${module}.effects order by number`) as Promise<unknown> as Promise<Effect[]>
  }

  rows(sql: string, values?: unknown[]): Promise<Record<string, any>[]> {
    return this.space.sql(sql, values)
  }

  /** Each event of the log of orders had exactly one effect in the module, in order per key (P5, L3). */
  async expectExactlyOnce(module: string, except: readonly string[] = []): Promise<void> {
    const log = await this.rows('select id, key, position from orders.banyan_log order by lane, position')
    const expected = log.filter((event) => !except.includes(event.id))
    const effects = await this.effects(module)
    expect(effects.map((effect) => effect.event).sort()).toEqual(expected.map((event) => event.id).sort())
    const last = new Map<string, number>()
    for (const { key, position } of effects) {
      expect(Number(position)).toBeGreaterThan(last.get(key) ?? 0)
      last.set(key, Number(position))
    }
    const counters = await this.rows(`select key, count from ${module}.counters`)
    for (const { key, count } of counters) expect(Number(count)).toBe(expected.filter((one) => one.key === key).length)
  }
}
