import { createLogger, Scope } from '@banyan/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultBreaker, defaultRetry, type EdgePolicy } from '../../src/index.js'
import { bench, codeOf, declared, fails, ok, settle } from '../harness.js'

const command = { kind: 'command', operation: 'reserve' } as const

describe('retry', () => {
  it('repeats a query under the same id with the input as it was, whatever became of the object (P2, P4)', async () => {
    const { ask, callee, clock } = bench({ retry: defaultRetry })
    const input = { n: 1, lines: [{ sku: 'tea' }] }
    const asked = ask({ input })
    input.lines[0] = { sku: 'changed' }
    ;(callee.last.envelope as { input: unknown }).input = 'decoded by the callee'
    callee.last.answer(fails('unavailable'))
    clock.advance(25)
    expect(callee.deliveries).toHaveLength(2)
    expect(callee.last.envelope.input).toEqual({ n: 1, lines: [{ sku: 'tea' }] })
    expect(callee.last.envelope.id).toBe('id')
    callee.last.answer(ok)
    await settle()
    expect(asked.outcome).toEqual(ok)
  })

  const cases: [string, boolean | undefined, ReturnType<typeof fails>, number][] = [
    ['a query: nothing it meets has changed anything', undefined, fails('outcome-unknown'), 3],
    ['a query that was cut off by a callee that stops', undefined, fails('cancelled'), 3],
    ['a query: never what the callee decided', undefined, declared, 1],
    ['a query: never an invalid input', undefined, fails('invalid-input'), 1],
    ['a query: never a fault inside', undefined, fails('internal'), 1],
    ['a recorded command after an unknown outcome', true, fails('outcome-unknown'), 3],
    ['a recorded command whose first run goes on', true, fails('in-progress'), 3],
    ['a recorded command: never a declared error', true, declared, 1],
    ['another command where nothing ran', false, fails('unavailable'), 3],
    ['another command: not after it may have taken effect', false, fails('outcome-unknown'), 1],
    ['another command: not after its time was up', false, fails('deadline-exceeded'), 1],
    ['another command: not after its handler called others', false, fails('unavailable', undefined, 'inventory'), 1],
  ]
  it.each(cases)('repeats %s', async (_, repeatable, outcome, attempts) => {
    const { ask, callee, clock } = bench({ retry: defaultRetry })
    callee.script = () => outcome
    const asked = ask(repeatable === undefined ? {} : { ...command, repeatable })
    clock.advance(1_000)
    await settle()
    expect(callee.deliveries).toHaveLength(attempts)
    expect(codeOf(asked.outcome)).toBe(codeOf(outcome))
  })

  it('waits as long as the callee asks, and not beyond the deadline (P7)', async () => {
    const { ask, callee, clock } = bench({ retry: defaultRetry })
    callee.script = (_, index) => (index === 0 ? fails('overloaded', { retryAfterMs: 500 }) : ok)
    const asked = ask()
    clock.advance(499)
    expect(callee.deliveries).toHaveLength(1)
    clock.advance(26)
    await settle()
    expect(codeOf(asked.outcome)).toBe('ok')
    callee.script = () => fails('overloaded', { retryAfterMs: 500 })
    const hasty = ask({}, 400)
    await settle()
    expect(codeOf(hasty.outcome)).toBe('overloaded')
  })

  it('never calls definite what may have taken effect (P6)', async () => {
    const { ask, callee, clock } = bench({ retry: defaultRetry })
    callee.script = (_, index) => (index === 0 ? fails('outcome-unknown') : fails('unavailable'))
    const asked = ask({ ...command, repeatable: true })
    clock.advance(1_000)
    await settle()
    expect(callee.deliveries).toHaveLength(3)
    expect(codeOf(asked.outcome)).toBe('outcome-unknown')
  })

  it('ends with what it knows when the caller gives up while it waits, and makes no further attempt', async () => {
    const { ask, callee, clock, placement } = bench({ retry: defaultRetry })
    callee.script = () => fails('overloaded', { retryAfterMs: 500 })
    const asked = ask()
    asked.scope.end('cancelled')
    await settle()
    expect(codeOf(asked.outcome)).toBe('overloaded')
    clock.advance(5_000)
    expect(callee.deliveries).toHaveLength(1)
    expect(placement.report()[0]?.counts.failed).toBe(1)
  })

  it('stops repeating when the budget of the edge is spent', () => {
    const { ask, callee, clock, placement } = bench({ retry: defaultRetry })
    callee.script = () => fails('unavailable')
    for (let call = 0; call < 1_000; call++) ask()
    clock.advance(2_000)
    const counts = placement.report()[0]?.counts
    // Those at the start and a fifth of the calls, and what two seconds add.
    expect(counts?.retries).toBeGreaterThan(50)
    expect(counts?.retries).toBeLessThanOrEqual(10 + 200 + 20)
    expect(callee.deliveries).toHaveLength(1_000 + (counts?.retries ?? 0))
  })
})

describe('timeout', () => {
  it('answers when the time of the edge is up, cancels what runs, and hears nothing of it later', async () => {
    const { ask, callee, clock } = bench({ timeoutMs: 2_000 })
    const asked = ask()
    expect(callee.last.scope.remainingMs()).toBe(2_000)
    clock.advance(1_999)
    await settle()
    expect(asked.outcome).toBeUndefined()
    clock.advance(1)
    await settle()
    expect(codeOf(asked.outcome)).toBe('deadline-exceeded')
    expect(callee.last.scope.ended).toBe('deadline-exceeded')
    callee.last.answer(ok)
    await settle()
    expect(codeOf(asked.outcome)).toBe('deadline-exceeded')
  })

  it('never gives more time than the caller has (P7)', () => {
    const { ask, callee } = bench({ timeoutMs: 2_000 })
    ask({}, 300)
    expect(callee.last.scope.remainingMs()).toBe(300)
  })

  it('says unknown once the commit is under way, to the caller and to who answers for the call (P6, P7)', async () => {
    const { ask, callee, clock } = bench({ timeoutMs: 2_000 })
    const asked = ask(command)
    callee.last.scope.committing = true
    expect(asked.scope.committing).toBe(true)
    clock.advance(2_000)
    await settle()
    expect(codeOf(asked.outcome)).toBe('outcome-unknown')
  })

  it('is for each attempt', async () => {
    const { ask, callee, clock } = bench({ timeoutMs: 100, retry: { ...defaultRetry, attempts: 2 } })
    const asked = ask()
    clock.advance(125)
    expect(callee.deliveries).toHaveLength(2)
    callee.last.answer(ok)
    await settle()
    expect(codeOf(asked.outcome)).toBe('ok')
  })
})

describe('breaker', () => {
  const policy = { breaker: { failures: 3, openForMs: 1_000, probes: 1 } }

  it('refuses at once after failures in a row, with the time to wait, and lets one probe', async () => {
    const { ask, callee, clock, placement } = bench(policy)
    callee.script = () => fails('unavailable')
    for (let call = 0; call < 3; call++) ask()
    const refused = ask()
    await settle()
    expect(callee.deliveries).toHaveLength(3)
    expect(refused.outcome).toMatchObject({
      ok: false,
      error: { code: 'unavailable', details: { breaker: 'open', edge: 'orders -> inventory', retryAfterMs: 1_000 } },
    })
    expect(placement.report()[0]?.breaker).toEqual({ state: 'open', retryAfterMs: 1_000 })
    expect(placement.edges()).toMatchObject([{ breaker: 'open' }])
    callee.script = undefined
    clock.advance(1_000)
    ask()
    ask()
    expect(callee.deliveries).toHaveLength(4)
    callee.last.answer(ok)
    ask()
    expect(callee.deliveries).toHaveLength(5)
  })

  it.each([
    ['a declared error', declared],
    ['overload', fails('overloaded')],
    ['a fault inside', fails('internal')],
    ['a refused input', fails('invalid-input')],
  ])('stays closed at %s', (_, outcome) => {
    const { ask, callee } = bench(policy)
    callee.script = () => outcome
    for (let call = 0; call < 10; call++) ask()
    expect(callee.deliveries).toHaveLength(10)
  })

  it('does not blame the callee for a caller that had no time', () => {
    const { ask, callee, clock } = bench({ ...policy, timeoutMs: 5_000 })
    callee.script = () => fails('deadline-exceeded')
    for (let call = 0; call < 10; call++) ask({}, 1)
    expect(callee.deliveries).toHaveLength(10)
    callee.script = undefined
    for (let call = 0; call < 3; call++) ask()
    clock.advance(5_000)
    ask()
    expect(callee.deliveries).toHaveLength(13)
  })

  it('is not asked again by retry', async () => {
    const { ask, callee, clock } = bench({ breaker: { ...defaultBreaker, failures: 1 }, retry: defaultRetry })
    callee.script = () => fails('unavailable')
    const asked = ask()
    clock.advance(100)
    await settle()
    expect(callee.deliveries).toHaveLength(1)
    expect(codeOf(asked.outcome)).toBe('unavailable')
  })
})

describe('bulkhead', () => {
  it('is overloaded at once beyond its queue, and hands places on in order (P9)', async () => {
    const { ask, callee } = bench({ bulkhead: { concurrency: 1, queue: 1 } })
    ask({ input: { n: 1 } })
    ask({ input: { n: 2 } })
    const third = ask({ input: { n: 3 } })
    await settle()
    expect(third.outcome).toMatchObject({ ok: false, error: { code: 'overloaded', details: { bulkhead: 'full' } } })
    expect(callee.deliveries).toHaveLength(1)
    callee.last.answer(ok)
    expect(callee.deliveries).toHaveLength(2)
    expect(callee.last.envelope.input).toEqual({ n: 2 })
  })

  it('lets who gave up leave the queue', async () => {
    const { ask, callee, clock, placement } = bench({ bulkhead: { concurrency: 1, queue: 1 } })
    ask()
    const waiting = ask({}, 50)
    clock.advance(50)
    await settle()
    expect(codeOf(waiting.outcome)).toBe('deadline-exceeded')
    callee.last.answer(ok)
    expect(callee.deliveries).toHaveLength(1)
    expect(placement.report()[0]?.bulkhead).toEqual({ running: 0, queued: 0 })
  })
})

describe('a scope that ends while its call waits', () => {
  // Timers may fire early, and who gives up may do so when his time was over: the clock does not say why it ended.
  it.each([
    ['deadline-exceeded', 0],
    ['cancelled', 50],
  ] as const)('tells why it ended: %s', async (end, afterMs) => {
    const { ask, ambient, clock } = bench({ bulkhead: { concurrency: 1, queue: 1 } })
    ask()
    // Its parent has the timer, and has not heard of it.
    const parent = new Scope(ambient, undefined, Number.POSITIVE_INFINITY)
    const waiting = ask({}, 0, Scope.attempt(ambient, parent, clock.monotonic() + 50))
    clock.advance(afterMs)
    waiting.scope.end(end)
    await settle()
    expect(codeOf(waiting.outcome)).toBe(end)
  })
})

describe('hedge', () => {
  const policy = { hedge: { after: 50 } } as const

  it('asks a query a second time when it is late, takes the first answer and cancels the other', async () => {
    const { ask, callee, clock, placement } = bench(policy)
    const asked = ask()
    clock.advance(50)
    expect(callee.deliveries).toHaveLength(2)
    const [first, second] = callee.deliveries
    second?.answer(ok)
    await settle()
    expect(codeOf(asked.outcome)).toBe('ok')
    expect(first?.scope.ended).toBe('cancelled')
    expect(placement.report()[0]?.counts).toMatchObject({ hedges: 1, hedgesWon: 1 })
  })

  it('waits for the other when one fails, and never hedges a command or an answered query', async () => {
    const { ask, callee, clock } = bench(policy)
    const asked = ask()
    clock.advance(50)
    callee.deliveries[0]?.answer(fails('unavailable'))
    await settle()
    expect(asked.outcome).toBeUndefined()
    callee.deliveries[1]?.answer(ok)
    await settle()
    expect(codeOf(asked.outcome)).toBe('ok')
    ask({ ...command, repeatable: true })
    clock.advance(1_000)
    expect(callee.deliveries).toHaveLength(3)
    callee.script = () => ok
    ask()
    clock.advance(1_000)
    expect(callee.deliveries).toHaveLength(4)
  })

  it('follows the time of each query, whatever another one takes', () => {
    const { ask, callee, clock } = bench({ hedge: { after: 'p95' } })
    const other = { operation: 'slow' }
    for (let call = 0; call < 64; call++) {
      ask(call < 32 ? {} : other)
      clock.advance(call < 32 ? 10 : 1_000)
      callee.last.answer(ok)
    }
    ask(other)
    ask()
    clock.advance(10)
    expect(callee.deliveries).toHaveLength(67)
    expect(callee.last.envelope.operation).toBe('level')
    clock.advance(990)
    expect(callee.deliveries).toHaveLength(68)
  })

  it('follows the 95th percentile of the query', () => {
    const { ask, callee, clock } = bench({ hedge: { after: 'p95' } })
    for (let call = 0; call < 32; call++) {
      ask()
      clock.advance(10)
      callee.last.answer(ok)
    }
    expect(callee.deliveries).toHaveLength(32)
    ask()
    clock.advance(9)
    expect(callee.deliveries).toHaveLength(33)
    clock.advance(1)
    expect(callee.deliveries).toHaveLength(34)
  })
})

describe('what delivers', () => {
  const broken = (deliver: () => Promise<never>, policy: EdgePolicy, warn = () => undefined) => {
    const logged: unknown[] = []
    const logger = { ...createLogger({ level: 'silent' }), warn, error: (fields: object) => void logged.push(fields) }
    const made = bench(policy, 1, logger as never)
    made.callee.deliver = deliver
    return { ...made, logged }
  }

  it.each([
    ['rejects', () => Promise.reject(new Error('broke'))],
    [
      'throws',
      () => {
        throw new Error('broke')
      },
    ],
  ])('and %s fails the call, and gives its place back', async (_, deliver) => {
    const { ask, placement } = broken(deliver, { bulkhead: { concurrency: 1, queue: 0 }, hedge: { after: 50 } })
    await expect(ask().ended).rejects.toThrow('broke')
    expect(placement.report()[0]).toMatchObject({ bulkhead: { running: 0, queued: 0 }, counts: { failed: 1 } })
  })

  it('and breaks while it hands an outcome over fails the call', async () => {
    const { ask, callee } = broken(
      () => Promise.reject(),
      { breaker: defaultBreaker },
      () => {
        throw new Error('no room for a log line')
      },
    )
    callee.deliver = async (_, __, receiver) => receiver.receive(fails('unavailable'))
    for (let call = 1; call < defaultBreaker.failures; call++) await ask().ended
    await expect(ask().ended).rejects.toThrow('no room for a log line')
  })

  it('and breaks when nobody waits any more is told to the log', async () => {
    let breaks = (_: Error): void => undefined
    const { ask, clock, logged } = broken(() => new Promise((_, reject) => (breaks = reject)), { timeoutMs: 100 })
    const asked = ask()
    clock.advance(100)
    await settle()
    expect(codeOf(asked.outcome)).toBe('deadline-exceeded')
    breaks(new Error('broke'))
    await settle()
    expect(logged).toMatchObject([{ err: { message: 'broke' }, edge: 'orders -> inventory' }])
  })
})

describe('fallback', () => {
  it('answers a query for a callee that is not there, as the contract promises', async () => {
    const { ask, callee } = bench({ fallback: { level: () => ({ n: 7, extra: 'of no contract' }) } })
    callee.script = () => fails('unavailable')
    const asked = ask()
    await settle()
    expect(asked.outcome).toEqual({ ok: true, value: { n: 7 } })
  })

  it.each([
    ['without', {}],
    ['with', { retry: { ...defaultRetry, attempts: 2 } }],
  ])('is told the input as it was sent and why, %s repetitions (P2)', async (_, policy) => {
    const told: unknown[] = []
    const level = (input: unknown, error: unknown) => {
      told.push(input, error)
      return { n: 7 }
    }
    const { ask, callee, clock } = bench({ ...policy, fallback: { level } })
    const input = { n: 1 }
    callee.script = () => {
      input.n = 2
      return fails('unavailable')
    }
    ask({ input })
    clock.advance(1_000)
    await settle()
    expect(told).toEqual([{ n: 1 }, { code: 'unavailable', message: expect.any(String) }])
  })

  it('is not asked about an input that is more than can cross', async () => {
    const told: unknown[] = []
    const { ask, callee } = bench({ fallback: { level: (input: unknown) => told.push(input) } })
    callee.script = () => fails('unavailable')
    const asked = ask({ input: new Array(600_001).fill(0) })
    await settle()
    expect([told, codeOf(asked.outcome)]).toEqual([[], 'unavailable'])
  })

  it('leaves the error where it fails, does not fit, or the callee answered', async () => {
    const { ask, callee } = bench({ fallback: { level: { n: 'many' } } })
    callee.script = () => fails('unavailable')
    const wrong = ask()
    callee.script = () => declared
    const answered = ask()
    await settle()
    expect([codeOf(wrong.outcome), codeOf(answered.outcome)]).toEqual(['unavailable', 'inventory.outOfStock'])
  })
})

describe('everything together', () => {
  it('answers each call once, keeps every bound, and holds nothing at the end', async () => {
    const step = fc.record({
      kind: fc.constantFrom('query', 'command'),
      repeatable: fc.boolean(),
      waitMs: fc.nat(60),
      answer: fc.constantFrom('none', 'ok', 'unavailable', 'overloaded', 'outcome-unknown', 'internal', 'cancel'),
      at: fc.nat(100),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(1_000), async (steps, seed) => {
        const { ask, callee, clock, placement } = bench(
          {
            timeoutMs: 200,
            retry: defaultRetry,
            breaker: { failures: 4, openForMs: 300, probes: 1 },
            bulkhead: { concurrency: 3, queue: 2 },
            hedge: { after: 30 },
          },
          seed,
        )
        const asked = []
        for (const { kind, repeatable, waitMs, answer, at } of steps) {
          asked.push(ask({ kind: kind as 'query', repeatable: kind === 'command' && repeatable }, 2_000))
          const one = callee.deliveries[at % Math.max(1, callee.deliveries.length)]
          if (answer === 'cancel') asked[at % asked.length]?.scope.end('cancelled')
          else if (answer !== 'none') one?.answer(answer === 'ok' ? ok : fails(answer as 'unavailable'))
          clock.advance(waitMs)
          const [report] = placement.report()
          expect(report?.bulkhead?.running).toBeLessThanOrEqual(3)
          expect(report?.bulkhead?.queued).toBeLessThanOrEqual(2)
        }
        clock.advance(10_000)
        await settle()
        expect(asked.filter(({ outcome }) => outcome === undefined)).toEqual([])
        const [report] = placement.report()
        if (!report) return
        expect(report.bulkhead).toEqual({ running: 0, queued: 0 })
        const { calls, answered, failed, retries, hedges } = report.counts
        expect(answered + failed).toBe(calls)
        expect(callee.deliveries.length).toBeLessThanOrEqual(calls + retries + hedges)
        expect(clock.pending()).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
