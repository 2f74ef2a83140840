import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TailCache } from '../../../src/delivery/feed/tail-cache.js'
import type { LogEvent } from '../../../src/ports/store.js'
import { newEvent } from '../harness.js'

const event = (lane: number, position: number, data = '{}'): LogEvent => ({
  ...newEvent({ key: `k${lane}`, lane }, `${lane}:${position}`, 0),
  position,
  data,
})

function positions(cache: TailCache, lane: number, after: number, limit = 100): number[] {
  const events: LogEvent[] = []
  cache.take(lane, after, limit, events)
  return events.map((one) => one.position)
}

describe('the newest events in memory', () => {
  it('are served from any position on, as one run', () => {
    const cache = new TailCache(100, 1_000_000)
    for (let position = 5; position <= 9; position++) cache.add(event(3, position))
    expect(positions(cache, 3, 4)).toEqual([5, 6, 7, 8, 9])
    expect(positions(cache, 3, 6)).toEqual([7, 8, 9])
    expect(positions(cache, 3, 6, 2)).toEqual([7, 8])
    expect(positions(cache, 3, 3)).toEqual([])
    expect(positions(cache, 3, 9)).toEqual([])
    expect(positions(cache, 4, 0)).toEqual([])
  })

  it('wait for one that was committed earlier and is handed over later (L2)', () => {
    const cache = new TailCache(100, 1_000_000)
    for (const position of [1, 3, 4]) cache.add(event(0, position))
    expect(positions(cache, 0, 0)).toEqual([1])
    expect(positions(cache, 0, 2)).toEqual([])
    cache.fill(event(0, 2))
    expect(positions(cache, 0, 0)).toEqual([1, 2, 3, 4])
  })

  it('wait within few bytes, which come back when the gap closes (P9)', () => {
    const cache = new TailCache(100, 10_000_000)
    const large = '"'.padEnd(50_000, 'x')
    for (const position of [1, 3, 4, 5, 3]) cache.add(event(0, position, large))
    cache.fill(event(0, 2))
    expect(positions(cache, 0, 0)).toEqual([1, 2, 3, 4])
    for (const position of [6, 7]) cache.add(event(0, position, large))
    cache.fill(event(0, 5))
    expect(positions(cache, 0, 4)).toEqual([5, 6, 7])
  })

  it('never have a gap and never grow beyond their bounds, in whatever order they come (P9, L2)', () => {
    const additions = fc.array(fc.record({ lane: fc.nat(2), position: fc.integer({ min: 1, max: 40 }) }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(additions, fc.integer({ min: 1, max: 30 }), (events, bound) => {
        const cache = new TailCache(bound, 1_000_000)
        for (const { lane, position } of events) {
          cache.add(event(lane, position))
          expect(cache.events).toBeLessThanOrEqual(bound)
        }
        for (let lane = 0; lane < 3; lane++)
          for (let after = 0; after < 41; after++) {
            const run = positions(cache, lane, after)
            expect(run).toEqual(run.map((_, index) => after + 1 + index))
          }
      }),
    )
  })

  it('are bounded by bytes too', () => {
    const cache = new TailCache(1_000, 10_000)
    for (let position = 1; position <= 100; position++) cache.add(event(0, position, 'x'.repeat(1_000)))
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
    expect(positions(cache, 0, 97)).toEqual([98, 99, 100])
    expect(positions(cache, 0, 0)).toEqual([])
  })
})
