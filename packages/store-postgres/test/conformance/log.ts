import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { append, codeOf, fromStart, lanes, newEvent, newSpace } from './space.js'

export function logConformance(server: () => TestServer): void {
  describe('event log', () => {
    test('P5 what was appended is read byte for byte, dense and in order per lane', async () => {
      const space = await newSpace(server())
      const { log, ...orders } = await one(space)
      const events = [5, 2, 5, 63, 2, 5].map((lane) =>
        newEvent(lane, { data: `{ "é\\u0000":"\\"x",  "lane":${lane} }` }),
      )
      expect(await append({ log, ...orders }, ...events)).toEqual([1, 1, 2, 1, 2, 3])
      const read = await log.read(fromStart, 100)
      expect(read.map(({ lane, position }) => [lane, position])).toEqual([
        [2, 1],
        [2, 2],
        [5, 1],
        [5, 2],
        [5, 3],
        [63, 1],
      ])
      for (const { position: _, ...event } of read) expect(events).toContainEqual(event)
      expect(await log.read([{ lane: 5, after: 1 }], 1)).toMatchObject([{ lane: 5, position: 2 }])
      expect(await log.read([{ lane: 5, after: 3 }], 10)).toEqual([])
      expect(await log.read([], 10)).toEqual([])
    })

    test('P5 a limit is shared fairly: no lane starves, and none waits while there is room', async () => {
      const space = await newSpace(server())
      const store = await one(space)
      const waiting = [50, 3, 1, 20]
      await append(store, ...waiting.flatMap((count, lane) => Array.from({ length: count }, () => newEvent(lane))))
      const share = async (limit: number): Promise<number[]> => {
        const read = await store.log.read(fromStart, limit)
        return waiting.map((_, lane) => read.filter((event) => event.lane === lane).length)
      }
      expect(await share(74)).toEqual([50, 3, 1, 20])
      expect(await share(24)).toEqual([10, 3, 1, 10])
      expect(await share(4)).toEqual([1, 1, 1, 1])
      expect(await share(2)).toEqual([1, 0, 0, 1])
      expect(await share(44)).toEqual([20, 3, 1, 20])
    })

    test('P5 all batch sizes read the same log', async () => {
      const space = await newSpace(server())
      const store = await one(space)
      await append(store, ...Array.from({ length: 200 }, (_, index) => newEvent((index * 7) % 11)))
      for (const size of [1, 2, 3, 7, 64, 199, 1000]) {
        const after = new Map(fromStart.map(({ lane }) => [lane, 0]))
        let count = 0
        for (;;) {
          const read = await store.log.read(
            [...after].map(([lane, position]) => ({ lane, after: position })),
            size,
          )
          if (read.length === 0) break
          expect(read.length).toBeLessThanOrEqual(size)
          for (const event of read) after.set(event.lane, event.position)
          count += read.length
        }
        expect(count).toBe(200)
      }
    })

    test('L4 a lane that was pruned, went back or has a hole is a named stop, never a silent skip', async () => {
      const space = await newSpace(server())
      const { log, ...orders } = await one(space)
      await append(
        { log, ...orders },
        ...Array.from({ length: 6 }, () => newEvent(1, { at: 10 })),
        newEvent(2, { at: 90 }),
      )
      expect(await codeOf(log.read([{ lane: 1, after: 7 }], 10))).toBe('log-diverged')
      await space.sql('delete from orders.banyan_log where lane = 1 and position = 3')
      expect(await codeOf(log.read([{ lane: 1, after: 1 }], 10))).toBe('log-diverged')
      expect(await log.read([{ lane: 1, after: 3 }], 10)).toHaveLength(3)
      await space.sql("insert into orders.banyan_log select 1, 3, gen_random_uuid(), 'k', 't', 1, '1', 10, '1'")
      expect(await log.prune(50, 4)).toBe(4)
      expect(await codeOf(log.read([{ lane: 1, after: 0 }], 10))).toBe('log-diverged')
      expect(
        await codeOf(
          log.read(
            [
              { lane: 1, after: 3 },
              { lane: 2, after: 0 },
            ],
            10,
          ),
        ),
      ).toBe('log-diverged')
      expect(await log.read([{ lane: 1, after: 4 }], 10)).toHaveLength(2)
      expect(await log.prune(50, 100)).toBe(2)
      expect(await codeOf(log.read([{ lane: 1, after: 5 }], 10))).toBe('log-diverged')
      expect(await log.read([{ lane: 1, after: 6 }], 10)).toEqual([])
    })

    test('retention stops at the slowest registered subscription, and keeps what stands behind a younger event', async () => {
      const space = await newSpace(server())
      const { log, ...orders } = await one(space)
      const ages = [10, 10, 99, 10, 10]
      await append({ log, ...orders }, ...ages.map((at) => newEvent(0, { at })), newEvent(1, { at: 10 }))
      await log.register('stock', 'on', positions(1), 1)
      await log.register('console', 'view', positions(4), 2)
      expect(await log.prune(50, 100)).toBe(2)
      await log.register('stock', 'on', positions(3), 5)
      expect(await log.prune(50, 100)).toBe(1)
      expect(await log.registrations()).toEqual([
        { subscriber: 'console', subscription: 'view', positions: positions(4), at: 2 },
        { subscriber: 'stock', subscription: 'on', positions: positions(3), at: 5 },
      ])
      await log.register('stock', 'on', positions(4), 6)
      // Position 4 is old enough, but behind position 3, which is not: a hole would look like a lost event.
      expect(await log.prune(50, 100)).toBe(0)
      await log.register('stock', 'on', positions(3), 7)
      expect(await log.prune(100, 100)).toBe(1)
      await log.forget('stock', 'on')
      expect(await log.prune(100, 100)).toBe(1)
      await log.forget('console', 'view')
      expect(await log.prune(100, 100)).toBe(1)
      expect((await log.heads()).positions[0]).toBe(5)
      expect(await append({ log, ...orders }, newEvent(0))).toEqual([6])
    })

    test('pruning holds up no append, and appends hold up no pruning', async () => {
      const space = await newSpace(server())
      const store = await one(space)
      await append(store, newEvent(0, { at: 1 }))
      const holder = store.unit()
      await holder.query({ text: 'select * from banyan_lanes for no key update' })
      expect(await store.log.prune(50, 10)).toBe(1)
      await holder.rollback()
      const pruner = store.unit()
      await pruner.query({ text: 'update banyan_log_floors set position = position' })
      expect(await append(store, newEvent(0))).toEqual([2])
      await pruner.rollback()
    })

    test('positions as of a time, also where all that was older is gone', async () => {
      const space = await newSpace(server())
      const { log, ...orders } = await one(space)
      await append({ log, ...orders }, ...[10, 20, 30].map((at) => newEvent(4, { at })), newEvent(5, { at: 25 }))
      const asOf = async (at: number): Promise<number[]> => (await log.positionsBefore(at)).slice(4, 6)
      expect(await asOf(10)).toEqual([0, 0])
      expect(await asOf(25)).toEqual([2, 0])
      expect(await asOf(31)).toEqual([3, 1])
      expect(await log.positionsBefore(1e15)).toEqual((await log.heads()).positions)
      await log.prune(26, 100)
      expect(await asOf(0)).toEqual([2, 1])
    })

    test('heads tell the identity of the log, which stays', async () => {
      const space = await newSpace(server())
      const first = await space.open()
      const heads = await first.module('orders').log.heads()
      expect(heads.incarnation).toMatch(/^[0-9a-f-]{36}:[0-9A-F]{8}$/)
      expect(heads.positions).toHaveLength(lanes)
      const second = await space.open()
      expect((await second.module('orders').log.heads()).incarnation).toBe(heads.incarnation)
      expect((await second.module('stock').log.heads()).incarnation).not.toBe(heads.incarnation)
    })

    test('events are listed newest first, by type and key', async () => {
      const space = await newSpace(server())
      const { log, ...orders } = await one(space)
      const [a, b, c] = [
        newEvent(9, { at: 3, type: 'placed', key: 'a' }),
        newEvent(1, { at: 5, type: 'shipped', key: 'a' }),
        newEvent(9, { at: 4, type: 'placed', key: 'b' }),
      ]
      await append({ log, ...orders }, a, b, c)
      const ids = async (filter: { type?: string; key?: string; limit: number }) =>
        (await log.list(filter)).map((event) => event.id)
      expect(await ids({ limit: 2 })).toEqual([b.id, c.id])
      expect(await ids({ type: 'placed', limit: 9 })).toEqual([c.id, a.id])
      expect(await ids({ key: 'a', limit: 9 })).toEqual([b.id, a.id])
    })
  })
}

const positions = (lane0: number): number[] => Array.from({ length: lanes }, (_, lane) => (lane === 0 ? lane0 : 99))

async function one(space: Awaited<ReturnType<typeof newSpace>>) {
  return (await space.open()).module('orders')
}
