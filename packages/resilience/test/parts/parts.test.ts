import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/parts/backoff.js'
import { Breaker, type BreakerState, type Verdict } from '../../src/parts/breaker.js'
import { Bulkhead } from '../../src/parts/bulkhead.js'
import { Due, DueList } from '../../src/parts/due-list.js'
import { Latency } from '../../src/parts/latency.js'
import { RetryBudget } from '../../src/parts/retry-budget.js'
import { defaultRetry } from '../../src/policies.js'

describe('the retry budget', () => {
  it('never gives more than it saved, its share of the calls and its minimum, in any span of time', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 3_000 }), calls: fc.nat(40), takes: fc.nat(60) })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (steps, ratio, perSecond) => {
          const budget = new RetryBudget({ ratio, perSecond }, 0)
          let now = 0
          const spans: { calls: number; taken: number; from: number }[] = []
          for (const { waitMs, calls, takes } of steps) {
            spans.push({ calls: 0, taken: 0, from: now })
            now += waitMs
            for (let call = 0; call < calls; call++) budget.called()
            let taken = 0
            for (let take = 0; take < takes; take++) if (budget.take(now)) taken++
            for (const span of spans) {
              span.calls += calls
              span.taken += taken
              const most = budget.most + ratio * span.calls + (perSecond * (now - span.from)) / 1000
              expect(span.taken).toBeLessThanOrEqual(most + 1e-6)
            }
          }
        },
      ),
    )
  })

  it('lets an edge with few calls repeat them, and one with many a fifth', () => {
    const budget = new RetryBudget({ ratio: 0.2, perSecond: 10 }, 0)
    let taken = 0
    for (let take = 0; take < 100; take++) if (budget.take(0)) taken++
    expect(taken).toBe(10)
    for (let call = 0; call < 51; call++) budget.called()
    for (let take = 0; take < 100; take++) if (budget.take(0)) taken++
    expect(taken).toBe(20)
  })
})

describe('backoff', () => {
  it('is full jitter: anywhere between nothing and a bound that doubles up to the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, random) => {
          const wait = backoffMs(defaultRetry, n, random)
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(Math.min(1_000, 25 * 2 ** (n - 1)))
        },
      ),
    )
    expect(backoffMs(defaultRetry, 1, 0)).toBe(0)
    expect(backoffMs(defaultRetry, 3, 0.5)).toBe(50)
    expect(backoffMs(defaultRetry, 50, 0.999)).toBeCloseTo(999)
  })
})

describe('the breaker', () => {
  const verdict = fc.constantFrom<Verdict>('answered', 'failed', 'neither')
  const step = fc.record({ waitMs: fc.nat(400), verdict, late: fc.boolean() })

  it('goes from closed to open to half-open only as it promises, and bounds its probes', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, failures, probes) => {
          const turns: BreakerState[] = ['closed']
          const breaker = new Breaker({ failures, openForMs: 1_000, probes }, (state) => turns.push(state))
          let now = 0
          let openedAt = 0
          let inRow = 0
          let running: number[] = []
          for (const { waitMs, verdict: told, late } of steps) {
            now += waitMs
            const before = breaker.state
            const passed = breaker.tryPass(now)
            if (before === 'closed') expect(passed).toBe(true)
            if (before === 'open') expect(passed).toBe(now - openedAt >= 1_000)
            if (passed) running.push(breaker.era)
            if (breaker.state === 'half-open')
              expect(running.filter((era) => era === breaker.era).length).toBeLessThanOrEqual(probes)
            const era = running[late ? 0 : running.length - 1]
            if (era === undefined) continue
            running = running.filter((_, index) => index !== (late ? 0 : running.length - 1))
            const [state, current] = [breaker.state, era === breaker.era]
            breaker.ended(told, era, now)
            if (!current) expect(breaker.state).toBe(state)
            else if (state === 'closed') {
              inRow = told === 'failed' ? inRow + 1 : told === 'answered' ? 0 : inRow
              expect(breaker.state).toBe(inRow >= failures ? 'open' : 'closed')
            } else if (told === 'failed') expect(breaker.state).toBe('open')
            if (breaker.state !== state) {
              inRow = 0
              if (breaker.state === 'open') openedAt = now
            }
          }
          for (const [index, state] of turns.entries()) {
            const next = turns[index + 1]
            if (next === undefined) break
            expect([`closed open`, `open half-open`, `half-open open`, `half-open closed`]).toContain(
              `${state} ${next}`,
            )
          }
        },
      ),
    )
  })

  it('hears nothing of attempts that an earlier state let pass', () => {
    const breaker = new Breaker({ failures: 1, openForMs: 1_000, probes: 1 }, () => undefined)
    const early = breaker.era
    expect([breaker.tryPass(0), breaker.tryPass(0)]).toEqual([true, true])
    breaker.ended('failed', early, 0)
    breaker.ended('answered', early, 10)
    expect(breaker.state).toBe('open')
    expect([breaker.tryPass(1_000), breaker.state]).toEqual([true, 'half-open'])
    breaker.ended('answered', early, 1_001)
    expect(breaker.state).toBe('half-open')
  })

  it('opens at a share of failures in the window, and forgets what is older', () => {
    const make = () =>
      new Breaker(
        { failures: 1_000, ratio: { share: 0.5, windowMs: 10_000, leastCalls: 10 }, openForMs: 1_000, probes: 1 },
        () => undefined,
      )
    const mixed = make()
    for (let call = 0; call < 9; call++) mixed.ended(call % 2 ? 'answered' : 'failed', 0, 100)
    expect(mixed.state).toBe('closed')
    mixed.ended('failed', 0, 200)
    expect(mixed.state).toBe('open')
    const old = make()
    for (let call = 0; call < 9; call++) old.ended('failed', 0, 0)
    old.ended('failed', 0, 30_000)
    expect(old.state).toBe('closed')
  })
})

describe('the bulkhead', () => {
  it('holds so many at a time, lets so many wait in order, and refuses the next', () => {
    const bulkhead = new Bulkhead({ concurrency: 2, queue: 2 })
    const went: string[] = []
    const waiting = ['a', 'b', 'c'].map((name) => ({ go: () => void went.push(name) }))
    expect([bulkhead.tryEnter(), bulkhead.tryEnter(), bulkhead.tryEnter()]).toEqual([true, true, false])
    expect(waiting.map((each) => bulkhead.tryWait(each))).toEqual([true, true, false])
    bulkhead.leave()
    bulkhead.leave()
    expect(went).toEqual(['a', 'b'])
    expect(bulkhead.running).toBe(2)
    bulkhead.leave()
    bulkhead.leave()
    expect(bulkhead.running).toBe(0)
  })

  it('is left by a whole queue whose calls cannot go on, however long it is', () => {
    const bulkhead = new Bulkhead({ concurrency: 1, queue: 100_000 })
    let went = 0
    expect(bulkhead.tryEnter()).toBe(true)
    for (let call = 0; call < 100_000; call++)
      bulkhead.tryWait({
        go() {
          went++
          bulkhead.leave()
        },
      })
    bulkhead.leave()
    expect([went, bulkhead.running, bulkhead.queued]).toEqual([100_000, 0, 0])
  })
})

describe('a list of deadlines', () => {
  it('tells each that was not removed when it is due, with one timer at a time', () => {
    class Entry extends Due {
      readonly told: number[]
      readonly at: number
      readonly clock: { monotonic(): number }
      constructor(told: number[], at: number, clock: { monotonic(): number }) {
        super()
        this.told = told
        this.at = at
        this.clock = clock
      }
      due(): void {
        expect(this.clock.monotonic()).toBeLessThanOrEqual(this.at + 1)
        this.told.push(this.at)
      }
    }
    const step = fc.record({ gapMs: fc.nat(50), dueMs: fc.integer({ min: 1, max: 200 }), leaves: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = createDrivenClock(0)
        const list = new DueList(createSeededAmbient(1, clock))
        const told: number[] = []
        const expected: number[] = []
        for (const { gapMs, dueMs, leaves } of steps) {
          clock.advance(gapMs)
          const entry = new Entry(told, clock.monotonic() + dueMs, clock)
          list.add(entry, entry.at, clock.monotonic())
          if (leaves) list.remove(entry)
          else expected.push(entry.at)
          expect(clock.pending().length).toBeLessThanOrEqual(1)
        }
        clock.advance(300)
        expect(told).toEqual(expected.sort((one, other) => one - other))
        expect(clock.pending()).toEqual([])
      }),
    )
  })
})

describe('the latency of a query', () => {
  it('knows its 95th percentile once there are enough answers', () => {
    const latency = new Latency()
    for (let took = 1; took <= 31; took++) latency.add(took)
    expect(latency.p95).toBeUndefined()
    latency.add(32)
    expect(latency.p95).toBe(31)
  })
})
