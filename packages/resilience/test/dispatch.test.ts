import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger, createRuntime, type Outcome, type Store } from '@banyan/runtime'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defaultRetry, type EdgePolicy, withPolicies } from '../src/index.js'
import { codeOf, settle } from './harness.js'

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
