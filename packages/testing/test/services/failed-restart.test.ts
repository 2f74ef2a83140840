import { createAmbient, createDrivenClock, seededSources } from '@banyan/ambient'
import { storeModules } from '@banyan/host'
import { createLogger, type LogEvent } from '@banyan/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestChild, Told } from '../../src/child/child-process.js'
import type { ChildPool } from '../../src/child/pool.js'
import { type Clone, cloneDatabase } from '../../src/database/clone.js'
import { withClient } from '../../src/database/connect.js'
import { joinServer } from '../../src/database/test-server.js'
import type { ArmedPoint } from '../../src/fault-points.js'
import { Deployment } from '../../src/services/deployment.js'
import { InsideService } from '../../src/services/inside.js'
import { OutsideService } from '../../src/services/outside.js'
import type { SharedByServices } from '../../src/services/shared.js'
import { shop, shopFolder } from '../shop/app.js'
import { newId, order } from '../shop/open.js'

const logger = createLogger({ level: 'silent' })
const notMet = new Error('it met nobody')

let clone: Clone
let release: () => void
beforeAll(async () => {
  const server = await joinServer('.banyan/test', process.env.DATABASE_URL)
  release = () => server.release()
  clone = await cloneDatabase(server.connection, shop.name, storeModules({ app: shop, folder: shopFolder }))
})
afterAll(async () => {
  await clone.drop()
  release()
})

/** The shop inside this process; `passes` says where it crashes. */
function shopInside(passes: (point: string) => boolean, restarted = () => Promise.reject(notMet)): InsideService {
  return new InsideService({
    name: 'shop',
    modules: shop.modules.map(({ name }) => name),
    setting: {
      app: shop,
      database: clone,
      clock: createDrivenClock(createAmbient().now()),
      seeded: seededSources(1),
      logger,
      environment: {},
      baseFolder: shopFolder,
      identity: undefined,
      listen: false,
      crashes: passes,
      committed: (_module: string, _events: readonly LogEvent[]) => undefined,
    },
    restarted,
  })
}

const connections = (): Promise<number> =>
  withClient(clone.connection, async (client) => {
    const { rows } = await client.query<{ count: string }>(
      'select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    return Number(rows[0]?.count)
  })

/** A server notices only after a moment that a connection was closed. */
async function untilNoConnection(): Promise<void> {
  for (let looks = 0; (await connections()) > 0; looks++) {
    if (looks === 500) throw new Error(`${await connections()} connections are left`)
    await new Promise((done) => setTimeout(done, 10))
  }
}

test('a process inside this one that could not take the place of a dead one is ended', async () => {
  let armed = true
  const service = shopInside((point) => {
    const crashes = armed && point === 'command.after-commit'
    if (crashes) armed = false
    return crashes
  })
  await service.start()
  const { runtime } = await service.process()
  const crashing = service.crashing()
  void runtime.execute({ module: 'orders', operation: 'place', input: order, id: newId() })
  await crashing
  // The next one is on its way one turn later.
  await new Promise((done) => setImmediate(done))
  await expect(service.ready()).rejects.toBe(notMet)
  expect(service.instance).toBeUndefined()
  await untilNoConnection()
  await service.stop(0)
})

/** Stands for a process of its own, and answers what it is asked. */
class FakeChild {
  listen: ((told: Told) => void) | undefined
  killed = false
  ended: Promise<string>
  #end: (how: string) => void = () => undefined

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  get alive(): boolean {
    return !this.killed
  }

  belongTo(listen: ((told: Told) => void) | undefined): void {
    this.listen = listen
  }

  ask(name: string): Promise<unknown> {
    return Promise.resolve(name === 'begin' ? newId() : null)
  }

  kill(): void {
    this.killed = true
    this.#end('SIGKILL')
  }
}

test('a process of its own that could not take the place of a dead one is killed, and why is what the test hears', async () => {
  const children = [new FakeChild(), new FakeChild()] as const
  let taken = 0
  const service = new OutsideService({
    name: 'stock',
    modules: ['stock'],
    pool: { take: () => Promise.resolve(children[taken++] as unknown as TestChild) } as unknown as ChildPool,
    database: { ...clone, cut: () => Promise.resolve() },
    logger,
    shared: {
      faults: { count: () => undefined },
      restarted: () => Promise.reject(notMet),
    } as unknown as SharedByServices,
    task: () => ({}) as never,
  })
  await service.start()
  children[0].listen?.({ passed: { left: 1 } as ArmedPoint })
  children[0].kill()
  await expect(service.ready()).rejects.toBe(notMet)
  expect(children[1].killed).toBe(true)
  // Nor does the end of the killed one hide it later.
  await children[1].ended
  await expect(service.ready()).rejects.toBe(notMet)
})

test('what keeps services from starting is told, also when one of them cannot be stopped then', async () => {
  const first = new Error('the first')
  const broken = (error: Error) => {
    const service = shopInside(() => false)
    service.start = () => Promise.reject(error)
    service.stop = () => Promise.reject(new Error('cannot be stopped'))
    return service
  }
  const service = broken(first)
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  await expect(new Deployment(service, [service]).start(1_000)).rejects.toBe(first)
  expect((await warned).message).toContain('cannot be stopped')
})
