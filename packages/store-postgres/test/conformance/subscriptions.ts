import type { LogEvent, ModuleStore, ParkedEvent } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, codeOf, newEvent, newSpace, until } from './space.js'

const key = { subscription: 'on', source: 'stock' }
const start = { incarnation: 'log:1', positions: Array.from({ length: 64 }, (_, lane) => lane * 10) }
const stale = 60_000

const event = (lane: number, position: number, name = 'k'): LogEvent => ({ ...newEvent(lane, { key: name }), position })

export function subscriptionConformance(server: () => TestServer): void {
  const prepared = async (): Promise<ModuleStore> => {
    const space = await newSpace(server())
    const orders = (await space.open()).module('orders')
    await orders.subscriptions.ensure(key, start)
    return orders
  }

  describe('progress', () => {
    test('P5 a subscription starts where it is told, once', async () => {
      const { subscriptions } = await prepared()
      expect(await subscriptions.ensure(key, { incarnation: 'other', positions: Array(64).fill(0) })).toBe(false)
      expect(await subscriptions.ensure({ ...key, subscription: 'sales' }, start)).toBe(true)
      const progress = await subscriptions.progress(key)
      expect(progress).toHaveLength(64)
      expect(progress[3]).toEqual({ lane: 3, position: 30, incarnation: 'log:1' })
    })

    test('P5 progress moves with its effect, from where it stands and under its epoch, or not at all', async () => {
      const orders = await prepared()
      const [lease] = await orders.leases.acquire('on:stock', [0], stale)
      if (!lease) throw new Error('no lease')
      expect(await orders.subscriptions.claim(key, lease)).toEqual(
        [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => ({ lane, position: lane * 10, incarnation: 'log:1' })),
      )
      const { epoch } = lease
      const step = (...lanes: { lane: number; from: number; to: number; epoch: number }[]) => ({ step: { key, lanes } })
      const effect = async (...lanes: { lane: number; from: number; to: number; epoch: number }[]) => {
        const unit = orders.unit()
        await unit.query({ text: 'insert into orders (id) values ($1)', values: [ambient.newId()] })
        await unit.commit(step(...lanes))
      }
      await effect({ lane: 2, from: 20, to: 25, epoch }, { lane: 1, from: 10, to: 11, epoch })
      expect(await codeOf(effect({ lane: 2, from: 20, to: 25, epoch }))).toBe('fenced')
      expect(await codeOf(effect({ lane: 2, from: 25, to: 26, epoch: epoch + 1 }))).toBe('fenced')
      expect(await codeOf(effect({ lane: 3, from: 30, to: 31, epoch }, { lane: 2, from: 24, to: 26, epoch }))).toBe(
        'fenced',
      )
      expect(await codeOf(orders.unit().commit(step({ lane: 9, from: 90, to: 91, epoch })))).toBe('fenced')
      expect((await orders.subscriptions.progress(key)).slice(1, 4).map((lane) => lane.position)).toEqual([11, 25, 30])
      expect((await orders.reader.query({ text: 'select count(*)::int as n from orders' })).rows).toEqual([{ n: 1 }])
    })

    test('L4 what was claimed on another timeline of the server moves no more, until it is claimed again', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      await orders.subscriptions.ensure(key, start)
      const [lease] = await orders.leases.acquire('on:stock', [0], stale)
      if (!lease) throw new Error('no lease')
      const { epoch } = lease
      const advance = (from: number): Promise<unknown> =>
        orders.unit().commit({ step: { key, lanes: [{ lane: 0, from, to: from + 1, epoch }] } })
      await orders.subscriptions.claim(key, lease)
      await advance(0)
      // As a failover leaves it: the server goes on from where a standby was.
      await space.sql("update orders.banyan_progress set timeline = '0000000F' where lane = 0")
      expect(await codeOf(advance(1))).toBe('fenced')
      expect((await orders.subscriptions.claim(key, lease))[0]).toMatchObject({ lane: 0, position: 1 })
      await advance(1)
      // Claimed by a process of an older release, which knew no timeline.
      await space.sql('update orders.banyan_progress set timeline = null')
      await advance(2)
    })

    test('an operator’s reset fences whoever runs the subscription, until it claims again', async () => {
      const orders = await prepared()
      const [lease] = await orders.leases.acquire('on:stock', [0], stale)
      if (!lease) throw new Error('no lease')
      await orders.subscriptions.claim(key, lease)
      await orders.subscriptions.reset(key, { incarnation: 'log:2', positions: Array(64).fill(7) })
      const step = (from: number) => ({ step: { key, lanes: [{ lane: 0, from, to: 8, epoch: lease.epoch }] } })
      expect(await codeOf(orders.unit().commit(step(0)))).toBe('fenced')
      expect(await codeOf(orders.unit().commit(step(7)))).toBe('fenced')
      expect((await orders.subscriptions.claim(key, lease))[0]).toEqual({ lane: 0, position: 7, incarnation: 'log:2' })
      await orders.unit().commit(step(7))
    })
  })

  describe('leases', () => {
    test('are given back singly, and everybody sees who holds what', async () => {
      const space = await newSpace(server())
      const [a, b] = [(await space.open()).module('orders').leases, (await space.open()).module('orders').leases]
      const blocks = async (of: typeof a, ...names: string[]): Promise<string[]> =>
        (await of.holders(names, stale)).map(({ name, block, mine }) => `${name}#${block}${mine ? ' mine' : ''}`).sort()
      await a.acquire('on:stock', [0, 1, 2], stale)
      await a.acquire('on:cart', [0, 1], stale)
      await a.release('on:stock', [1, 5])
      expect(await blocks(a, 'on:stock', 'on:cart')).toEqual([
        'on:cart#0 mine',
        'on:cart#1 mine',
        'on:stock#0 mine',
        'on:stock#2 mine',
      ])
      expect(await b.acquire('on:stock', [0, 1, 2], stale)).toMatchObject([{ block: 1 }])
      // Of another process, nothing is given back.
      await b.release('on:stock', [0])
      expect(await blocks(b, 'on:stock')).toEqual(['on:stock#0', 'on:stock#1 mine', 'on:stock#2'])
      // As a takeover would find it: who does not renew, or lives no more, holds nothing.
      await space.sql("update orders.banyan_leases set renewed_at = renewed_at - interval '2 hours' where block = 0")
      expect(await blocks(b, 'on:stock')).toEqual(['on:stock#1 mine', 'on:stock#2'])
      await space.sql('select pg_terminate_backend(owner_pid) from orders.banyan_leases where block = 2')
      await until(async () => (await blocks(b, 'on:stock')).length === 1)
      expect(await blocks(b, 'on:stock')).toEqual(['on:stock#1 mine'])
    })

    test('are held by one session, and go to the next when it ends', async () => {
      const space = await newSpace(server())
      const lost: string[] = []
      const first = await space.open({ onLost: (module) => lost.push(module) })
      const second = await space.open()
      const [a, b] = [first.module('orders').leases, second.module('orders').leases]
      expect(await a.acquire('on:stock', [0, 1, 2], stale)).toMatchObject([
        { block: 0, epoch: 1 },
        { block: 1 },
        { block: 2 },
      ])
      expect(await a.acquire('on:stock', [0], stale)).toHaveLength(3)
      expect(await b.acquire('on:stock', [1, 2, 3], stale)).toEqual([{ name: 'on:stock', block: 3, epoch: 1 }])
      expect(await b.acquire('on:cart', [1], stale)).toHaveLength(1)
      expect(await a.renew()).toHaveLength(3)
      expect(await b.renew()).toHaveLength(2)
      await a.release('on:stock')
      expect(await a.renew()).toEqual([])
      expect(await b.acquire('on:stock', [0, 1, 2, 3], stale)).toMatchObject([
        { epoch: 2 },
        { epoch: 2 },
        { epoch: 2 },
        { epoch: 1 },
      ])
      await second.close()
      await until(async () => (await a.acquire('on:stock', [3], stale)).length === 1)
      expect(await a.renew()).toEqual([{ name: 'on:stock', block: 3, epoch: 2 }])
      expect(lost).toEqual([])
      await space.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%leases %'")
      await until(() => lost.length > 0)
      expect(await codeOf(a.renew())).toBe('unavailable')
      await a.release('on:stock')
      expect(await a.acquire('on:stock', [3], stale)).toMatchObject([{ epoch: 3 }])
      expect(lost).toEqual(['orders'])
    })

    test('a holder that does not renew is ended before it is replaced', async () => {
      const space = await newSpace(server())
      const [first, second] = [await space.open(), await space.open()]
      const [a, b] = [first.module('orders').leases, second.module('orders').leases]
      await a.acquire('on:stock', [0], stale)
      expect(await b.acquire('on:stock', [0], 0)).toMatchObject([{ block: 0, epoch: 2 }])
      expect(await codeOf(a.renew())).toBe('unavailable')
    })

    test('a takeover ends what the paused owner has open, before anybody waits for its rows', async () => {
      const space = await newSpace(server())
      const [first, second] = [await space.open(), await space.open()].map((store) => store.module('orders'))
      if (!first || !second) throw new Error('two stores')
      const row = (id: string) => ({ text: 'insert into orders (id) values ($1)', values: [id] })
      const [shared, own] = [ambient.newId(), ambient.newId()]
      await first.leases.acquire('on:stock', [0], stale)
      const paused = first.unit()
      await paused.query(row(shared))
      const healthy = second.unit()
      await healthy.query(row(own))
      // Not stale: the owner works, and nothing of it is touched.
      expect(await second.leases.acquire('on:stock', [0], stale)).toEqual([])
      await paused.query({ text: 'select 1' })
      // Stale, but what it has open moved just now: its command goes on.
      await space.sql("update orders.banyan_leases set renewed_at = renewed_at - interval '2 hours'")
      expect(await second.leases.acquire('on:stock', [0], stale)).toMatchObject([{ epoch: 2 }])
      await paused.query({ text: 'select 1' })
      // Silent for longer than a lease may be: the row is free when the lease is there.
      const [third] = [await space.open()].map((store) => store.module('orders'))
      await first.leases.acquire('on:cart', [0], stale)
      expect(await third?.leases.acquire('on:cart', [0], 0)).toMatchObject([{ epoch: 2 }])
      await healthy.query({ text: "set local lock_timeout = '5s'" })
      await healthy.query(row(shared))
      await healthy.commit({})
      expect(await codeOf(paused.commit({}))).toBe('unavailable')
    })

    test('P5 a paused owner in the middle of its unit is ended, and what it did is not kept', async () => {
      const space = await newSpace(server())
      const [first, second] = [await space.open(), await space.open()].map((store) => store.module('orders'))
      if (!first || !second) throw new Error('two stores')
      await first.subscriptions.ensure(key, start)
      const [old] = await first.leases.acquire('on:stock', [0], stale)
      if (!old) throw new Error('no lease')
      await first.subscriptions.claim(key, old)
      const paused = first.unit()
      await paused.query({
        text: "update banyan_progress set position = 1 where subscription = 'on' and source = 'stock' and lane = 0",
      })
      const [next] = await second.leases.acquire('on:stock', [0], 0)
      if (!next) throw new Error('no lease')
      // The old lease is not the current one any more, so it cannot claim; the new one takes over by force.
      expect(await codeOf(first.subscriptions.claim({ ...key, subscription: 'none' }, old))).toBe('fenced')
      expect((await second.subscriptions.claim(key, next))[0]).toMatchObject({ lane: 0, position: 0 })
      const step = { key, lanes: [{ lane: 0, from: 0, to: 1, epoch: old.epoch }] }
      expect(await codeOf(paused.commit({ step }))).toBe('unavailable')
      expect(await codeOf(first.unit().commit({ step }))).toBe('fenced')
      await second.unit().commit({ step: { key, lanes: [{ lane: 0, from: 0, to: 1, epoch: next.epoch }] } })
    })
  })

  describe('parked events', () => {
    const claimed = async (orders: ModuleStore): Promise<number> => {
      const [lease] = await orders.leases.acquire('on:stock', [0], stale)
      if (!lease) throw new Error('no lease')
      await orders.subscriptions.claim(key, lease)
      return lease.epoch
    }
    const error = '{"code":"internal", "retryable":false}'

    async function withParked() {
      const orders = await prepared()
      const epoch = await claimed(orders)
      const events = { a1: event(1, 11, 'a'), b1: event(1, 12, 'b'), a2: event(1, 13, 'a'), c1: event(2, 21, 'c') }
      await orders.unit().commit({
        step: {
          key,
          lanes: [
            { lane: 1, from: 10, to: 13, epoch },
            { lane: 2, from: 20, to: 21, epoch },
          ],
          park: [
            { event: events.a1, attempts: 1, nextAt: 100, error },
            { event: events.b1, attempts: 1, nextAt: 50, error },
            { event: events.a2, attempts: 0, nextAt: 0 },
            { event: events.c1, attempts: 1, nextAt: 70, error },
          ],
        },
      })
      return { orders, epoch, events }
    }

    test('the first of each key is due at its time; the others of the key wait behind it', async () => {
      const { orders, events } = await withParked()
      const { subscriptions } = orders
      const due = async (now: number, limit = 10) =>
        (await subscriptions.parkedDue(key, [1, 2], now, limit)).map((one) => one.id)
      expect(await due(49)).toEqual([])
      expect(await due(100)).toEqual([events.b1.id, events.c1.id, events.a1.id])
      expect(await due(100, 2)).toEqual([events.b1.id, events.c1.id])
      expect(await subscriptions.parkedDue(key, [2], 100, 9)).toEqual([
        { ...events.c1, ...key, attempts: 1, nextAt: 70, error } satisfies ParkedEvent,
      ])
      expect(await subscriptions.parkedNext(key, [1, 2])).toBe(50)
      expect(await subscriptions.parkedNext(key, [3])).toBeUndefined()
      expect(await subscriptions.parkedCount(key)).toBe(4)
      expect(await subscriptions.parkedKeys(key, [1, 2])).toEqual([
        { lane: 1, key: 'a', count: 2 },
        { lane: 1, key: 'b', count: 1 },
        { lane: 2, key: 'c', count: 1 },
      ])
      expect(await subscriptions.listParked({ source: 'stock', limit: 9 })).toHaveLength(4)
      expect(await subscriptions.listParked({ source: 'cart', limit: 9 })).toEqual([])
    })

    test('P5 a parked event is handled once, with its effect, under its epoch', async () => {
      const { orders, epoch, events } = await withParked()
      const handled = (over: object = {}) => ({
        step: { key, lanes: [], handled: { lane: 1, position: 11, epoch, ...over } },
      })
      expect(await codeOf(orders.unit().commit(handled({ epoch: epoch - 1 })))).toBe('fenced')
      const unit = orders.unit()
      await unit.query({ text: 'insert into orders (id) values ($1)', values: [ambient.newId()] })
      await unit.commit(handled())
      expect(await codeOf(orders.unit().commit(handled()))).toBe('fenced')
      expect((await orders.subscriptions.parkedDue(key, [1], 0, 9)).map((one) => one.id)).toEqual([events.a2.id])
    })

    test('a failed attempt is counted and put off, unless it is fenced', async () => {
      const { orders, epoch } = await withParked()
      const { subscriptions } = orders
      const [b1] = await subscriptions.parkedDue(key, [1], 50, 1)
      if (!b1) throw new Error('nothing due')
      await subscriptions.parkedFailed(b1, epoch, { error: '"again"', nextAt: 500 })
      expect(await codeOf(subscriptions.parkedFailed(b1, epoch - 1, { error: '"late"', nextAt: 1 }))).toBe('fenced')
      expect(await subscriptions.parkedDue(key, [1], 50, 1)).toEqual([])
      const [again] = await subscriptions
        .parkedDue(key, [1], 500, 9)
        .then((due) => due.filter((one) => one.key === 'b'))
      expect(again).toMatchObject({ attempts: 2, nextAt: 500, error: '"again"' })
    })

    test('the last attempt makes a dead letter, whose key goes on or is held as chosen', async () => {
      const { orders, epoch, events } = await withParked()
      const { subscriptions, deadLetters } = orders
      const [, , a1] = await subscriptions.parkedDue(key, [1, 2], 100, 9)
      if (!a1) throw new Error('nothing due')
      expect(await codeOf(subscriptions.parkedDead(a1, 99, { error, at: 9, hold: false }))).toBe('fenced')
      await subscriptions.parkedDead(a1, epoch, { error, at: 9, hold: true })
      expect((await subscriptions.parkedDue(key, [1, 2], 1000, 9)).map((one) => one.key)).toEqual(['b', 'c'])
      expect(await subscriptions.parkedKeys(key, [1])).toContainEqual({ lane: 1, key: 'a', count: 2 })
      const [letter] = await deadLetters.list({}, { limit: 9 })
      expect(letter).toEqual({
        id: '1',
        kind: 'event',
        ...key,
        lane: 1,
        position: 11,
        key: 'a',
        type: 'placed',
        version: 1,
        data: events.a1.data,
        context: events.a1.context,
        error,
        attempts: 2,
        diedAt: 9,
        holds: true,
      })
      await deadLetters.drop({ ids: ['1'] }, { name: 'ann', at: 10 })
      expect((await subscriptions.parkedDue(key, [1], 1000, 9)).map((one) => one.id)).toContain(events.a2.id)
    })

    test('a key that is not held goes on with its next event at once', async () => {
      const { orders, epoch, events } = await withParked()
      const a3 = event(1, 14, 'a')
      await orders.unit().commit({
        step: { key, lanes: [{ lane: 1, from: 13, to: 14, epoch }], park: [{ event: a3, attempts: 0, nextAt: 5_000 }] },
      })
      const { subscriptions } = orders
      const die = async (id: string): Promise<void> => {
        const parked = (await subscriptions.listParked({ limit: 99 })).find((one) => one.id === id)
        await subscriptions.parkedDead(parked as ParkedEvent, epoch, { error, at: 9, hold: false })
      }
      await die(events.a1.id)
      await die(events.a2.id)
      expect((await subscriptions.parkedDue(key, [1], 9, 9)).map((one) => one.id)).toEqual([a3.id])
    })
  })
}
