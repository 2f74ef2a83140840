import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger, createRuntime, type Outcome, type Placement, type Store } from '@banyan/runtime'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defaultRetry, type EdgePolicy, withFaults, withPolicies } from '../src/index.js'
import { Callee, codeOf, fails, ok, settle } from './harness.js'

const noStore: Store = {
  open: async () => undefined,
  module() {
    throw new Error('nothing is kept here')
  },
  check: async () => undefined,
  describe: () => ({ kind: 'server', target: 'none', version: 'none' }),
  close: async () => undefined,
}

const digits = z.codec(z.string(), z.number(), { decode: Number, encode: String })
const stock = contract({
  name: 'stock',
  version: '1.0.0',
  queries: { level: { input: z.object({ sku: digits, tags: z.array(z.string()) }), output: z.string() } },
})
const shop = contract({
  name: 'shop',
  version: '1.0.0',
  queries: { ask: { output: z.string() } },
})

interface Seen {
  readonly inputs: unknown[]
  signal: AbortSignal | undefined
}

/** `shop` asks `stock` in the same process, over an edge with the policy. */
async function setUp(policy: EdgePolicy, level: (call: number, seen: Seen) => string | Promise<string>) {
  const clock = createDrivenClock(1_000_000)
  const ambient = createSeededAmbient(1, clock)
  const logger = createLogger({ level: 'silent' })
  const seen: Seen = { inputs: [], signal: undefined }
  const app = defineApp({
    name: 'policies',
    modules: [
      defineModule(stock, {
        queries: {
          level(input, { signal }) {
            seen.signal = signal
            seen.inputs.push(structuredClone(input))
            input.tags.push('changed by the handler')
            return level(seen.inputs.length, seen)
          },
        },
      }),
      defineModule(shop, {
        uses: { stock },
        queries: { ask: (_, { call }) => call.stock.level({ sku: '42', tags: ['a'] }) },
      }),
    ],
  })
  const contracts = new Map([stock, shop].map((each) => [each.name, each] as const))
  const runtime = createRuntime({
    app,
    store: noStore,
    ambient,
    logger,
    environment: {},
    baseFolder: '.',
    work: 'calls',
    placement: (here) =>
      withPolicies(here, { edges: { 'shop -> stock': policy } }, { ambient, logger, contracts: contracts as never }),
  })
  await runtime.start()
  const asked: { outcome: Outcome | undefined } = { outcome: undefined }
  const done = runtime.execute({ module: 'shop', operation: 'ask', input: undefined }).then((outcome) => {
    asked.outcome = outcome
  })
  await settle()
  return { clock, runtime, seen, asked, done }
}

describe('policies over modules of one process', () => {
  it('repeat a query with the input that was sent, decoded anew (P2)', async () => {
    const { clock, seen, done, asked, runtime } = await setUp({ retry: defaultRetry }, (call) => {
      if (call < 3) throw banyanError('unavailable', { what: 'the shelf' })
      return 'full'
    })
    clock.advance(100)
    await settle()
    clock.advance(100)
    await done
    expect(asked.outcome).toEqual({ ok: true, value: 'full' })
    expect(seen.inputs).toEqual([1, 2, 3].map(() => ({ sku: 42, tags: ['a'] })))
    const retries = runtime.metrics().find(({ name }) => name === 'banyan_edge_attempts_total')
    expect(retries?.samples[0]).toMatchObject({ labels: { caller: 'shop', module: 'stock', kind: 'retry' }, value: 2 })
  })

  it('answer the caller of a handler that hangs, and tell the handler (P1, P7)', async () => {
    const { clock, seen, done, asked } = await setUp({ timeoutMs: 2_000 }, () => new Promise(() => undefined))
    clock.advance(1_999)
    await settle()
    expect([asked.outcome, seen.signal?.aborted]).toEqual([undefined, false])
    clock.advance(1)
    await done
    expect([codeOf(asked.outcome), seen.signal?.aborted]).toEqual(['deadline-exceeded', true])
  })
})

const till = contract({ name: 'till', version: '1.0.0', commands: { pay: {} } })

/** `till` is asked to pay within a second, through the placement given. */
async function pay(
  place: (callee: Callee, own: Pick<Parameters<typeof withPolicies>[2], 'ambient' | 'logger'>) => Placement,
) {
  const clock = createDrivenClock(1_000_000)
  const ambient = createSeededAmbient(1, clock)
  const logger = createLogger({ level: 'silent' })
  const callee = new Callee()
  const runtime = createRuntime({
    app: defineApp({ name: 'paying', modules: [defineModule(till, { commands: { pay: () => undefined } })] }),
    store: noStore,
    ambient,
    logger,
    environment: {},
    baseFolder: '.',
    work: 'calls',
    placement: () => place(callee, { ambient, logger }),
  })
  await runtime.start()
  const stopping = new AbortController()
  const outcome = runtime.execute({
    module: 'till',
    operation: 'pay',
    input: undefined,
    id: ambient.newId(),
    timeoutMs: 1_000,
    signal: stopping.signal,
  })
  await settle()
  return { clock, callee, outcome, stopping }
}

const contracts = new Map([[till.name, till as never]])

describe('what became of a command', () => {
  const retried = () =>
    pay((callee, own) =>
      withPolicies(callee, { edges: { '* -> till': { retry: defaultRetry } } }, { ...own, contracts }),
    )

  it.each(['deadline-exceeded', 'cancelled'])(
    'stays unknown when the answer of an attempt was lost and the next one ends as %s (P6)',
    async (end) => {
      const { clock, callee, outcome, stopping } = await retried()
      const { scope, answer } = callee.last
      scope.elsewhere = true
      scope.elsewhere = false
      answer(fails('outcome-unknown'))
      clock.advance(25)
      expect(callee.deliveries).toHaveLength(2)
      if (end === 'cancelled') stopping.abort()
      else clock.advance(1_000)
      expect(codeOf(await outcome)).toBe('outcome-unknown')
    },
  )

  it('is definite when the attempts before had no effect', async () => {
    const { clock, callee, outcome } = await retried()
    callee.last.answer(fails('unavailable'))
    clock.advance(25)
    expect(callee.deliveries).toHaveLength(2)
    clock.advance(1_000)
    expect(codeOf(await outcome)).toBe('deadline-exceeded')
  })

  it.each(['call', 'answer'] as const)('is unknown when its %s is lost on purpose', async (drop) => {
    const lose = (callee: Callee, own: Parameters<typeof withFaults>[2]) => {
      callee.script = () => ok
      return withFaults(callee, [{ edge: '* -> till', percent: 100, drop }], own)
    }
    const bare = await pay(lose)
    bare.clock.advance(1_000)
    expect(codeOf(await bare.outcome)).toBe('outcome-unknown')
    const timed = await pay((callee, own) =>
      withPolicies(lose(callee, own), { edges: { '* -> till': { timeoutMs: 100 } } }, { ...own, contracts }),
    )
    timed.clock.advance(100)
    expect(codeOf(await timed.outcome)).toBe('outcome-unknown')
    const left = await pay(lose)
    left.stopping.abort()
    expect(codeOf(await left.outcome)).toBe('cancelled')
  })
})
