import { describe, expect, test } from 'vitest'
import { plan, record, recordOnly, type TestProcess } from './process.js'
import { type DeliverySpace, until, withServer } from './server.js'

const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`)

function pause(upToMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * upToMs))
}

/** Publishes from several writers at once, several keys in a commit, with pauses between. */
async function publishAll(process: TestProcess, rounds: number, handOver = true): Promise<void> {
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < rounds; round++) {
        const count = 1 + ((writer * 5 + round * 3) % 7)
        const chosen = Array.from({ length: count }, (_each, step) => keys[(writer * 7 + round * 11 + step * 5) % 40])
        await process.publish(chosen as string[], handOver)
        if (round % 4 === 0) await pause(5)
      }
    }),
  )
}

/** Ends backends of the module's role, whatever they do, until told to stop. */
async function killBackends(space: DeliverySpace, application: string, stop: () => boolean): Promise<number> {
  let killed = 0
  while (!stop()) {
    await pause(60)
    const rows = await space.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename like $1 and pid <> pg_backend_pid() order by random() limit 1`,
      [`%${application}%`],
    )
    killed += rows.length
  }
  return killed
}

describe('exactly one effect for each event', () => {
  const newSpace = withServer()

  test.each([1, 4])('P5 L2 with writers at full speed, %i transactions at a time', async (parallel) => {
    const space = await newSpace()
    const process = await space.start({ plans: [plan('billing', { parallel }), plan('mail')] })
    await publishAll(process, 40)
    await process.delivery.settled(20_000)
    await space.expectExactlyOnce('billing')
    await space.expectExactlyOnce('mail')
  })

  test.each([1, 3, 500])(
    'P5 in batches of %i, with what is handed over coming late or never (L5)',
    async (batchEvents) => {
      const space = await newSpace()
      const process = await space.start({
        plans: [plan('billing')],
        limits: { batchEvents, pollMs: 50, cacheEvents: 50 },
      })
      await Promise.all([publishAll(process, 12), publishAll(process, 12, false)])
      await process.delivery.settled(20_000)
      await space.expectExactlyOnce('billing')
    },
  )

  test('P5 while its connections are cut all the time', async () => {
    const space = await newSpace()
    const process = await space.start({ plans: [plan('billing'), plan('mail')] })
    let over = false
    const killing = killBackends(space, 'billing', () => over)
    await publishAll(process, 60)
    await process.delivery.settled(20_000)
    over = true
    expect(await killing).toBeGreaterThan(3)
    await process.delivery.settled(20_000)
    await space.expectExactlyOnce('billing')
    await space.expectExactlyOnce('mail')
    expect(await process.store.module('billing').deadLetters.count()).toBe(0)
  })

  test('P5 while two processes take the work from each other', async () => {
    const space = await newSpace()
    const limits = { renewMs: 30, acquireMs: 20, pollMs: 50 }
    const first = await space.start({ plans: [plan('billing')], limits })
    const second = await space.start({ plans: [plan('billing')], limits })
    let over = false
    // The session that holds leases is cut, so they go from one process to the other and back.
    const stealing = (async () => {
      let stolen = 0
      while (!over) {
        await pause(100)
        const rows = await space.rows(
          'select pg_terminate_backend(owner_pid) from billing.banyan_leases where owner_pid is not null limit 1',
        )
        stolen += rows.length
      }
      return stolen
    })()
    await Promise.all([publishAll(first, 50), publishAll(second, 50)])
    await Promise.all([first.delivery.settled(20_000), second.delivery.settled(20_000)])
    over = true
    expect(await stealing).toBeGreaterThan(2)
    await space.expectExactlyOnce('billing')
  })

  test('P5 when an owner pauses after its update, and another one takes over meanwhile', async () => {
    const space = await newSpace()
    const limits = { renewMs: 30_000, staleMs: 300, acquireMs: 20, pollMs: 50 }
    // No row that both want: the lanes alone decide whose effect counts.
    const handlers = { billing: recordOnly }
    let paused = false
    let go = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const reached = (point: string): Promise<void> | undefined => {
      if (point !== 'feed.before-commit' || paused) return undefined
      paused = true
      return gate
    }
    const first = await space.start({ plans: [plan('billing')], limits, handlers, sources: { reached } })
    await first.publish(keys)
    await until(() => paused)
    const second = await space.start({ plans: [plan('billing')], limits, handlers })
    await until(async () => (await space.effects('billing')).length === keys.length)
    go()
    await second.publish(keys)
    await second.delivery.settled(20_000)
    const effects = (await space.effects('billing')).map((effect) => effect.event)
    const log = await space.rows('select id from orders.banyan_log')
    expect(effects.sort()).toEqual(log.map((event) => event.id).sort())
  })

  test('P5 with deadlocks between transactions of one subscription, which count as no attempt', async () => {
    const space = await newSpace()
    await space.rows(`alter database ${space.connection.database} set deadlock_timeout = '10ms'`)
    const process = await space.start({
      plans: [plan('billing', { parallel: 4, attempts: 1 })],
      handlers: {
        billing: async (event, unit, signal) => {
          // Shared rows in an order that depends on the key: batches meet head on.
          const shared = ['s1', 's2', 's3']
          for (const name of event.lane % 2 === 0 ? shared : shared.reverse())
            await unit.query({
              text: 'insert into counters values ($1, 0, 0) on conflict (key) do update set last = 0',
              values: [name],
            })
          return record(event, unit, signal)
        },
      },
    })
    await publishAll(process, 4)
    await process.delivery.settled(25_000)
    const effects = (await space.effects('billing')).map((effect) => effect.event)
    const log = await space.rows('select id from orders.banyan_log')
    expect(effects.sort()).toEqual(log.map((event) => event.id).sort())
    expect(await process.store.module('billing').deadLetters.count()).toBe(0)
    const retries = process.delivery.metrics().find((metric) => metric.name === 'banyan_event_retries_total')
    expect(retries?.samples[0]?.value).toBeGreaterThan(0)
  })
})
