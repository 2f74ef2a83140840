import type { AppendCondition, ModuleStore, NewStreamEvent, StreamEnding } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, command, FlushCount, newEvent, newSpace, outcome, until } from './space.js'

type Orders = ModuleStore

const nothing: StreamEnding = { appends: [], snapshots: [], conditions: [] }

function happened(key: string, version: number, over: Partial<NewStreamEvent> = {}): NewStreamEvent {
  return {
    aggregate: 'cart',
    key,
    version,
    type: 'added',
    schema: 1,
    data: `{"n":${version},  "é":"\\""}`,
    at: 1_000 * version,
    context: '{}',
    tags: [],
    ...over,
  }
}

const appending = (...appends: NewStreamEvent[]) => ({ streams: { ...nothing, appends } })
const commit = (orders: Orders, ...appends: NewStreamEvent[]) => orders.unit().commit(appending(...appends))

function load(orders: Orders, key: string, over: object = {}) {
  return orders.streams.load(orders.reader, { aggregate: 'cart', key, after: 0, limit: 100, ...over })
}

const types = [{ aggregate: 'cart', type: 'added' }]

function match(orders: Orders, ...tags: string[][]) {
  return orders.streams.match(orders.reader, { tags, types, limit: 1_000 })
}

const versions = (events: readonly { key: string; version: number }[]) =>
  events.map(({ key, version }) => `${key}${version}`)

/** How a commit ended: `kept`, or the code of what it was refused with. */
const ended = (committed: Promise<unknown>): Promise<string> =>
  committed.then(
    () => 'kept',
    (error: { code?: string }) => error.code ?? String(error),
  )

/** Exactly one of the settled ended well, and all others because of it. */
function expectOneWinner(settled: readonly PromiseSettledResult<unknown>[]): void {
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of settled)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'append-conflict', retryable: true })
}

export function streamConformance(server: () => TestServer): void {
  const opened = async (options = {}): Promise<Orders> => {
    const space = await newSpace(server())
    return (await space.open(options)).module('orders')
  }
  describe('streams of aggregates', () => {
    test('what was appended is read byte for byte, from any version, to any version or time', async () => {
      const orders = await opened()
      const events = [1, 2, 3].map((version) => happened('a', version))
      await commit(orders, ...events.slice(0, 2), happened('b', 1))
      await commit(orders, events[2] as NewStreamEvent)
      const stored = events.map(({ context: _, tags: __, ...event }) => event)
      expect(await load(orders, 'a')).toEqual({ events: stored })
      expect(await load(orders, 'a', { after: 2 })).toEqual({ events: stored.slice(2) })
      expect(await load(orders, 'a', { until: 2 })).toEqual({ events: stored.slice(0, 2) })
      expect(await load(orders, 'a', { at: 2_999.9 })).toEqual({ events: stored.slice(0, 2) })
      expect(await load(orders, 'a', { limit: 1 })).toEqual({ events: stored.slice(0, 1) })
      expect(await load(orders, 'nobody')).toEqual({ events: [] })
      expect(await load(orders, 'a', { aggregate: 'other' })).toEqual({ events: [] })
    })

    test('a snapshot stands for the events before it, unless it is of another evolution or of a later moment', async () => {
      const orders = await opened()
      const snapshot = { aggregate: 'cart', key: 'a', version: 2, evolution: 7, state: '{"s": 1}', at: 2_000 }
      await orders.unit().commit({
        streams: { ...nothing, appends: [1, 2, 3].map((version) => happened('a', version)), snapshots: [snapshot] },
      })
      const { snapshot: found, events } = await load(orders, 'a', { evolution: 7 })
      expect(found).toEqual({ version: 2, state: '{"s": 1}', at: 2_000 })
      expect(versions(events)).toEqual(['a3'])
      for (const over of [{ evolution: 8 }, {}, { evolution: 7, until: 1 }, { evolution: 7, at: 1_999 }])
        expect((await load(orders, 'a', over)).snapshot).toBeUndefined()
      // An older release does not take the snapshot of a newer one away; a newer one takes it over.
      const save = (evolution: number) =>
        orders.unit().commit({ streams: { ...nothing, snapshots: [{ ...snapshot, evolution, version: 3 }] } })
      await save(6)
      expect((await load(orders, 'a', { evolution: 6 })).snapshot).toBeUndefined()
      await save(8)
      expect((await load(orders, 'a', { evolution: 8 })).snapshot).toMatchObject({ version: 3 })
    })

    test('of writers that expect one version exactly one wins, and nothing is kept of the others', async () => {
      const orders = await opened({ limits: { units: 8 } })
      const writers = Array.from({ length: 8 }, (_, index) => ({
        id: ambient.newId(),
        ending: { ...appending(happened('a', 1, { data: `{"n":${index}}` })), events: [newEvent(1)] },
      }))
      expectOneWinner(
        await Promise.allSettled(
          writers.map(async ({ id, ending }) => {
            const unit = orders.unit()
            await unit.query({ text: 'insert into orders (id) values ($1)', values: [id] })
            await unit.commit(ending)
          }),
        ),
      )
      expect((await load(orders, 'a')).events).toHaveLength(1)
      expect((await orders.log.heads()).positions[1]).toBe(1)
      expect((await orders.reader.query({ text: 'select id from orders' })).rows).toHaveLength(1)
    })

    test('units that append to the same streams in different orders do not wait for each other in a circle', async () => {
      const orders = await opened({ limits: { units: 8 } })
      const keys = ['a', 'B', 'é', 'z', 'Ü']
      for (let version = 1; version <= 10; version++) {
        const orderings = Array.from({ length: 8 }, (_, shift) => [
          ...keys.slice(shift % 5),
          ...keys.slice(0, shift % 5),
        ])
        const settled = await Promise.allSettled(
          orderings.map((order) =>
            commit(orders, ...order.map((key) => happened(key, version, { tags: [`t${key}`] }))),
          ),
        )
        expectOneWinner(settled)
      }
    })

    test('events are found by their tags, each once, in the order of their commits', async () => {
      const orders = await opened()
      await commit(orders, happened('a', 1, { tags: ['course:1', 'student:1'] }))
      await commit(orders, happened('b', 1, { tags: ['course:2', 'student:1'] }), happened('c', 1, { tags: ['x'] }))
      await commit(orders, happened('a', 2, { tags: ['student:1', 'course:1'], type: 'other' }))
      await commit(orders, happened('a', 3, { tags: ['course:1', 'student:2'] }))
      const found = async (...tags: string[][]) => versions((await match(orders, ...tags)).events)
      expect(await found(['student:1'])).toEqual(['a1', 'b1'])
      expect(await found(['course:1', 'student:1'])).toEqual(['a1'])
      expect(await found(['student:1'], ['course:1'])).toEqual(['a1', 'b1', 'a3'])
      expect(await found(['course:2'], ['x'], ['student:2'])).toEqual(['b1', 'c1', 'a3'])
      expect(await found(['nobody'], ['course:1', 'nobody'])).toEqual([])
      expect((await match(orders, ['course:1', 'student:1'])).conditions).toEqual([
        { tags: ['course:1', 'student:1'], types, tag: 'course:1', after: 3 },
      ])
      expect((await match(orders, ['student:1', 'nobody'])).conditions).toMatchObject([{ tag: 'nobody', after: 0 }])
    })

    test('a unit fails when an event was added that it would have read, and only then', async () => {
      const orders = await opened()
      await commit(orders, happened('a', 1, { tags: ['course:1', 'student:1'] }))
      const read = async (...tags: string[][]): Promise<readonly AppendCondition[]> =>
        (await match(orders, ...tags)).conditions
      const both = await read(['course:1', 'student:2'])
      const course = await read(['course:1'])
      const students = await read(['student:9'], ['student:2'])
      await commit(orders, happened('a', 2, { tags: ['course:1', 'student:1'] }))
      await commit(orders, happened('a', 3, { tags: ['course:1', 'student:2'], type: 'other' }))
      const on = (conditions: readonly AppendCondition[]) =>
        ended(orders.unit().commit({ streams: { ...nothing, conditions } }))
      expect(await on(course)).toBe('append-conflict')
      expect(await on(both)).toBe('kept')
      expect(await on(students)).toBe('kept')
      await commit(orders, happened('b', 1, { tags: ['course:1', 'student:2'] }))
      expect(await on(both)).toBe('append-conflict')
      expect(await on(students)).toBe('append-conflict')
      expect(await on(await read(['course:1'], ['student:2']))).toBe('kept')
    })

    test('of two exclusive appends exactly one commits, however they overlap', async () => {
      const orders = await opened({ limits: { units: 8 } })
      for (let round = 0; round < 20; round++) {
        const tags = ['name:ada', `round:${round}`]
        const conditions = (await match(orders, tags)).conditions
        const settled = await Promise.allSettled(
          Array.from({ length: 8 }, (_, index) => {
            const event = happened(`${round}-${index}`, 1, { tags: index % 2 === 0 ? tags : [...tags].reverse() })
            return orders.unit().commit({ streams: { ...nothing, appends: [event], conditions } })
          }),
        )
        expectOneWinner(settled)
        expect((await match(orders, tags)).events).toHaveLength(1)
      }
    })

    test('an append that is under way is waited for, and then seen', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      await commit(orders, happened('z', 1, { tags: ['t'] }))
      const conditions = (await match(orders, ['t'])).conditions
      const other = orders.unit()
      // The tag is locked by hand, as by a unit between its tags and its commit.
      await other.query({ text: "update banyan_tags set position = position + 1 where tag = 't'" })
      await other.query({
        text: `with e as (insert into banyan_streams (aggregate, key, version, type, schema, data, at, context, tags)
          values ('cart', 'y', 1, 'added', 1, '{}', 1, '{}', '{t}') returning *)
          insert into banyan_tagged select 't', 2, nextval('banyan_tag_order'), aggregate, key, version from e`,
      })
      const waiting = ended(orders.unit().commit({ streams: { ...nothing, conditions } }))
      await until(
        async () => (await space.sql("select 1 from pg_stat_activity where wait_event_type = 'Lock'")).length > 0,
      )
      await other.commit({})
      expect(await waiting).toBe('append-conflict')
    })

    test('random units over a few tags and streams: no circle, dense tags, and no decision on what was not seen', async () => {
      const orders = await opened({ limits: { units: 8 } })
      const tagsOf = (n: number) => ['a', 'b', 'c', 'd'].filter((_, bit) => (n & (1 << bit)) !== 0)
      let won = 0
      const writer = async (index: number): Promise<void> => {
        for (let round = 0; round < 25; round++) {
          const own = tagsOf(1 + ((index * 7 + round * 5) % 15))
          // In another order than the others, so that each takes its tags from another side.
          const read = await match(orders, index % 2 === 0 ? own : [...own].reverse())
          const event = happened(`${index}-${round}`, 1, {
            tags: index % 2 === 0 ? own : [...own].reverse(),
            data: JSON.stringify({ tags: own, seen: read.events.length }),
          })
          const ending = { streams: { ...nothing, appends: [event], conditions: read.conditions } }
          const code = await ended(orders.unit().commit(ending))
          expect(['kept', 'append-conflict']).toContain(code)
          if (code === 'kept') won++
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index)))
      const { events } = await match(orders, ...['a', 'b', 'c', 'd'].map((tag) => [tag]))
      expect(events).toHaveLength(won)
      // Each had seen exactly those before it that carry all of its tags: the whole history is as if they had come one by one.
      const before: string[][] = []
      for (const { data } of events) {
        const { tags, seen } = JSON.parse(data) as { tags: string[]; seen: number }
        expect(before.filter((other) => tags.every((tag) => other.includes(tag)))).toHaveLength(seen)
        before.push(tags)
      }
      const positions = await orders.reader.query({
        text: 'select tag, count(*) as n, max(position) as last from banyan_tagged group by tag having count(*) <> max(position)',
      })
      expect(positions.rows).toEqual([])
    })

    test('a command that loads and appends costs one read, and no further round trip', async () => {
      const flushes = new FlushCount()
      const orders = await opened({ onFlush: flushes.listener })
      const unit = orders.unit({ command: command() })
      await orders.streams.load(unit, { aggregate: 'cart', key: 'a', after: 0, limit: 100, evolution: 1 })
      await unit.commit({ ...appending(happened('a', 1)), events: [newEvent(1)], outcome: outcome() })
      expect(flushes.take()).toEqual([
        ['begin', 'select banyan_begin_command($1, $2)', 'with found as materialized ( select vers'],
        [
          'set constraints all immediate',
          'insert into banyan_inbox (id, input_hash',
          'insert into banyan_streams (aggregate, k',
          'select banyan_append_one($1, $2, $3, $4,',
          'commit',
        ],
      ])
      // A new one is not even read.
      await orders
        .unit({ command: command() })
        .commit({ ...appending(happened('b', 1, { tags: ['t'] })), outcome: outcome() })
      expect(flushes.take()).toEqual([
        [
          'select banyan_begin_command($1, $2)',
          'insert into banyan_inbox (id, input_hash',
          'insert into banyan_streams (aggregate, k',
          'select banyan_guard_tags($1, $2, $3, $4,',
        ],
      ])
    })
  })
}
