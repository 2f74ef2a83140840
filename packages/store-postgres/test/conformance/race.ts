import type { LogEvent, ModuleStore, NewEvent } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, fromStart, newEvent, newSpace } from './space.js'

/**
 * Keys that all writers share, so that order per key can be checked; a key has one lane. Lanes are few, so that writers
 * of different keys meet in them: taken in another order than ascending, they deadlock here.
 */
const keys = 40
const laneOf = (key: number): number => (key * 13) % 7
const writers = 24
const unitsPerWriter = 25

/**
 * Writers of several lanes at once, with pauses before the append, while readers of all batch sizes read at full speed.
 * A reader that trusts a sequence, a timestamp or a transaction id loses events here.
 */
export function raceConformance(server: () => TestServer): void {
  describe('writers and readers at once', () => {
    test('P5 each event once, dense, in order per key, no deadlock', async () => {
      const space = await newSpace(server())
      const stores = [await space.open({ limits: { units: 12 } }), await space.open({ limits: { units: 12 } })]
      const modules = stores.map((store) => store.module('orders'))
      let writing = true
      const readers = [1, 5, 64, 1000].map((size, index) =>
        readAll(modules[index % 2] as ModuleStore, size, () => writing),
      )
      const written = (
        await Promise.all(
          Array.from({ length: writers }, (_, writer) => write(modules[writer % 2] as ModuleStore, writer)),
        )
      ).flat()
      writing = false
      for (const read of await Promise.all(readers)) {
        expect(read).toHaveLength(written.length)
        expect(new Set(read.map((event) => event.id))).toEqual(new Set(written.map((event) => event.id)))
        expectOrderPerKey(read)
      }
      // What a key counted inside its transactions is what its events say, in the order of their positions.
      const counts = await space.sql('select name, count from orders.counters')
      for (const { name, count } of counts) {
        expect(written.filter((event) => event.key === name)).toHaveLength(Number(count))
      }
    })
  })
}

async function write(store: ModuleStore, writer: number): Promise<NewEvent[]> {
  const written: NewEvent[] = []
  for (let index = 0; index < unitsPerWriter; index++) {
    const chosen = [...new Set([0, 1, 2].map((step) => (writer * 7 + index * 11 + step * step * 5) % keys))]
    const unit = store.unit()
    // Rows of keys are locked in one order, so that the handlers themselves cannot deadlock.
    const events: NewEvent[] = []
    for (const key of [...chosen].sort((a, b) => a - b)) {
      const text = `insert into counters (name, count) values ($1, 1)
        on conflict (name) do update set count = counters.count + 1 returning count`
      const { rows } = await unit.query({ text, values: [`key-${key}`] })
      const { count } = rows[0] as { count: number }
      events.push(newEvent(laneOf(key), { key: `key-${key}`, data: `{"count":${count}}` }))
    }
    if ((writer + index) % 3 === 0) await unit.query({ text: 'select pg_sleep($1)', values: [ambient.random() * 0.01] })
    // Given in any order: the store takes the lanes ascending.
    if (index % 2 === 0) events.reverse()
    await unit.commit({ events })
    written.push(...events)
  }
  return written
}

async function readAll(store: ModuleStore, size: number, writing: () => boolean): Promise<LogEvent[]> {
  const after = new Map(fromStart.map(({ lane }) => [lane, 0]))
  const all: LogEvent[] = []
  for (;;) {
    const more = writing()
    const read = await store.log.read(
      [...after].map(([lane, position]) => ({ lane, after: position })),
      size,
    )
    for (const event of read) {
      expect(event.position).toBe((after.get(event.lane) as number) + 1)
      after.set(event.lane, event.position)
    }
    all.push(...read)
    if (read.length === 0 && !more) return all
  }
}

function expectOrderPerKey(events: readonly LogEvent[]): void {
  const last = new Map<string, number>()
  for (const event of events) {
    const { count } = JSON.parse(event.data) as { count: number }
    expect(count).toBe((last.get(event.key) ?? 0) + 1)
    last.set(event.key, count)
  }
}
