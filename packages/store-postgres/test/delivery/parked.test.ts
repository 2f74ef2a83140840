import { describe, expect, test } from 'vitest'
import { type Handler, plan, record, type TestProcess } from './process.js'
import { until, withServer } from './server.js'

const operator = { name: 'operator', at: 0 }

/** Fails at random, sometimes after it wrote. */
function unsteady(share: number): Handler {
  return async (event, unit, signal) => {
    const luck = Math.random()
    if (luck < share / 2) throw new Error('before')
    const effects = await record(event, unit, signal)
    if (luck < share) throw new Error('after')
    return effects
  }
}

/** Settled, with nothing parked either. */
async function drained(process: TestProcess): Promise<void> {
  await until(async () => (await process.delivery.settled(20_000)).parkedForLater === 0)
}

describe('parked events', () => {
  const newSpace = withServer()
  const limits = { attemptBackoff: { baseMs: 2, capMs: 20 }, parkedConcurrency: 4, batchEvents: 50 }

  test('P5 L3 keep the order of their key while live events of it come in', async () => {
    const space = await newSpace()
    const handlers = { billing: unsteady(0.1) }
    const process = await space.start({ plans: [plan('billing', { attempts: 1_000 })], handlers, limits })
    for (let round = 0; round < 60; round++)
      await process.publish(Array.from({ length: 10 }, (_, index) => `key-${(round + index * index) % 12}`))
    await drained(process)
    await space.expectExactlyOnce('billing')
    expect(await space.rows('select * from billing.banyan_parked')).toEqual([])
  })

  test('P5 L3 keep it too while connections are cut, and in several transactions at a time', async () => {
    const space = await newSpace()
    const handlers = { billing: unsteady(0.1) }
    const process = await space.start({ plans: [plan('billing', { attempts: 1_000, parallel: 3 })], handlers, limits })
    let over = false
    const killing = (async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        await space.rows(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
           and usename like '%billing%' and pid <> pg_backend_pid() order by random() limit 1`,
        )
      }
    })()
    for (let round = 0; round < 60; round++)
      await process.publish(Array.from({ length: 10 }, (_, index) => `key-${(round + index * index) % 12}`))
    over = true
    await killing
    await drained(process)
    await space.expectExactlyOnce('billing')
  })

  test('P5 survive the process: the next one goes on with them, in order', async () => {
    const space = await newSpace()
    const broken = await space.start({
      plans: [plan('billing', { attempts: 1_000 })],
      handlers: {
        billing: async () => {
          throw new Error('no')
        },
      },
      limits,
    })
    await broken.publish(['a', 'b', 'a', 'a'])
    await until(async () => (await space.rows('select * from billing.banyan_parked')).length === 4)
    await broken.delivery.stop(1_000)
    const mended = await space.start({ plans: [plan('billing', { attempts: 1_000 })], limits })
    await mended.publish(['a', 'b'])
    await drained(mended)
    await space.expectExactlyOnce('billing')
  })
})

describe('dead letters', () => {
  const newSpace = withServer()

  test('P5 are resubmitted from outside and handled once, also while live events of their key come in', async () => {
    const space = await newSpace()
    let broken = true
    const process = await space.start({
      plans: [plan('billing', { attempts: 2 })],
      handlers: {
        billing: async (event, unit, signal) => {
          if (broken && event.key === 'k') throw new Error('broken')
          return record(event, unit, signal)
        },
      },
    })
    const { deadLetters } = process.store.module('billing')
    await process.publish(['k', 'k', 'k', 'other'])
    await until(async () => (await deadLetters.count()) === 3)
    broken = false
    const publishing = (async () => {
      for (let round = 0; round < 20; round++) await process.publish(['k', 'k'])
    })()
    // As the command line does it: in another process, which cannot wake this one.
    const outside = await space.open()
    expect(await outside.module('billing').deadLetters.resubmit({}, operator)).toBe(3)
    await publishing
    await until(async () => (await space.effects('billing')).length === 44)
    await process.delivery.settled()
    const effects = (await space.effects('billing')).map((effect) => effect.event)
    expect(new Set(effects).size).toBe(44)
    expect(await deadLetters.count()).toBe(0)
  })

  test('P5 L3 hold their key where the module chose so: resubmitted, they come first', async () => {
    const space = await newSpace()
    let broken = true
    const process = await space.start({
      plans: [plan('billing', { attempts: 2, onDead: 'hold' })],
      handlers: {
        billing: async (event, unit, signal) => {
          if (broken && event.key === 'k') throw new Error('broken')
          return record(event, unit, signal)
        },
      },
    })
    const { deadLetters } = process.store.module('billing')
    await process.publish(['k', 'k', 'other'])
    await until(async () => (await deadLetters.count()) === 1)
    await process.publish(['k', 'other'])
    await process.delivery.settled()
    expect((await space.effects('billing')).map((effect) => effect.key)).toEqual(['other', 'other'])
    broken = false
    await deadLetters.resubmit({}, operator)
    process.delivery.wake('billing')
    await until(async () => (await space.effects('billing')).length === 5)
    await process.delivery.settled()
    await space.expectExactlyOnce('billing')
  })

  test('are counted in the status of the module', async () => {
    const space = await newSpace()
    const process = await space.start({
      plans: [plan('billing', { attempts: 1 })],
      handlers: {
        billing: async () => {
          throw new Error('no')
        },
      },
      limits: { registerMs: 20 },
    })
    await process.publish(['a', 'b'])
    await until(() => process.delivery.status().get('billing')?.deadLetters === 2)
    const letters = await process.store.module('billing').deadLetters.list({}, { limit: 10 })
    expect(letters.map(({ attempts }) => attempts)).toEqual([1, 1])
  })
})
