import { describe, expect, test } from 'vitest'
import { plan, record } from './process.js'
import { until, withServer } from './server.js'

// Where others fail: listeners of one process share a transaction or a fate, so one that fails rolls the other back,
// or makes it run again. Here each module has its own subscription, transaction, and outcome (P3, P5).
describe('two modules in one process that handle the same event', () => {
  const newSpace = withServer()
  const both = [plan('billing'), plan('mail')]

  test('P3 have two transactions', async () => {
    const space = await newSpace()
    const process = await space.start({ plans: both })
    await process.publish(['a', 'b'])
    await process.delivery.settled()
    const transactions = new Set<string>()
    for (const module of ['billing', 'mail']) {
      const effects = await space.effects(module)
      expect(effects).toHaveLength(2)
      for (const { transaction } of effects) transactions.add(`${module}:${transaction}`)
    }
    expect(new Set([...transactions].map((one) => one.split(':')[1])).size).toBe(transactions.size)
    const published = await space.rows('select count(*) as count from orders.effects')
    expect(published[0]?.count).toBe('0')
  })

  test('P5 have two fates: one fails for good, the other has its effect once', async () => {
    const space = await newSpace()
    const runs = { billing: 0, mail: 0 }
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          runs.billing++
          await record(event, unit, signal)
          throw new Error('billing cannot')
        },
        mail: async (event, unit, signal) => {
          runs.mail++
          return record(event, unit, signal)
        },
      },
    })
    await process.publish(['a', 'b', 'a', 'c'])
    await until(async () => (await process.store.module('billing').deadLetters.count()) === 4)
    await process.delivery.settled()
    expect(await space.effects('billing')).toEqual([])
    await space.expectExactlyOnce('mail')
    expect(runs.mail).toBe(4)
    expect(runs.billing).toBeGreaterThanOrEqual(12)
    expect(await process.store.module('mail').deadLetters.count()).toBe(0)
    expect(process.delivery.status().get('mail')?.subscriptions[0]).toMatchObject({
      state: 'running',
      lag: 0,
      parked: 0,
    })
  })

  test('P5 a statement that PostgreSQL refuses, which ends its transaction, ends only its own', async () => {
    const space = await newSpace()
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          await record(event, unit, signal)
          if (event.key === 'bad') await unit.query({ text: 'select 1 / 0' })
          return { events: [], jobs: [] }
        },
      },
    })
    await process.publish(['a', 'bad', 'b', 'bad', 'a'])
    await until(async () => (await process.store.module('billing').deadLetters.count()) === 2)
    await process.delivery.settled()
    expect((await space.effects('billing')).map((effect) => effect.key).sort()).toEqual(['a', 'a', 'b'])
    await space.expectExactlyOnce('mail')
  })

  test('P5 a handler that caught the refusal of its statement keeps nothing, and takes nobody along', async () => {
    const space = await newSpace()
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          await record(event, unit, signal)
          if (event.key === 'bad') await unit.query({ text: 'select 1 / 0' }).catch(() => undefined)
          return { events: [], jobs: [] }
        },
      },
    })
    await process.publish(['a', 'bad', 'b'])
    await until(async () => (await process.store.module('billing').deadLetters.count()) === 1)
    await process.delivery.settled()
    expect((await space.effects('billing')).map((effect) => effect.key).sort()).toEqual(['a', 'b'])
    await space.expectExactlyOnce('mail')
  })

  test('P5 a deferred constraint that fails at commit is charged to its event alone', async () => {
    const space = await newSpace()
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          await record(event, unit, signal)
          if (event.key === 'bad') await unit.query({ text: 'insert into checked values ($1)', values: [event.id] })
          return { events: [], jobs: [] }
        },
      },
    })
    await process.publish(['a', 'b', 'bad', 'c', 'd', 'e', 'bad', 'f'])
    await until(async () => (await process.store.module('billing').deadLetters.count()) === 2)
    await process.delivery.settled()
    expect((await space.effects('billing')).map((effect) => effect.key).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    await space.expectExactlyOnce('mail')
  })

  test('P5 a slow one does not hold up the other', async () => {
    const space = await newSpace()
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          await gate
          return record(event, unit, signal)
        },
      },
    })
    await process.publish(Array.from({ length: 50 }, (_, index) => `k${index}`))
    await until(async () => (await space.effects('mail')).length === 50)
    expect(await space.effects('billing')).toEqual([])
    release()
    await process.delivery.settled()
    await space.expectExactlyOnce('billing')
    await space.expectExactlyOnce('mail')
  })

  test('P5 the connection of one is cut in the middle: it repeats by itself, once in effect', async () => {
    const space = await newSpace()
    const cut = new Set<string>()
    const runs = new Map<string, number>()
    const process = await space.start({
      plans: both,
      handlers: {
        billing: async (event, unit, signal) => {
          await record(event, unit, signal)
          if (event.key === 'cut' && !cut.has(event.id)) {
            cut.add(event.id)
            await unit.query({ text: 'select pg_terminate_backend(pg_backend_pid())' })
          }
          return { events: [], jobs: [] }
        },
        mail: async (event, unit, signal) => {
          runs.set(event.id, (runs.get(event.id) ?? 0) + 1)
          return record(event, unit, signal)
        },
      },
    })
    await process.publish(['a', 'cut', 'b', 'cut', 'c'])
    await process.delivery.settled()
    await space.expectExactlyOnce('billing')
    await space.expectExactlyOnce('mail')
    expect(cut.size).toBe(2)
    expect([...runs.values()]).toEqual([1, 1, 1, 1, 1])
    expect(await process.store.module('billing').deadLetters.count()).toBe(0)
  })
})
