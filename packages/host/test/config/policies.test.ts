import { createSeededAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { policyProblems } from '../../src/config/check-policies.js'
import { edgePolicies, policyPlacement } from '../../src/config/policies.js'
import { type Config, checkConfig, defineConfig } from '../../src/index.js'

const stock = contract({
  name: 'stock',
  version: '1.0.0',
  queries: { level: { output: z.number() } },
  commands: { reserve: {} },
})
const orders = contract({ name: 'orders', version: '1.0.0' })
const app = defineApp({
  name: 'shop',
  modules: [
    defineModule(orders, { uses: { stock } }),
    defineModule(stock, { queries: { level: () => 1 }, commands: { reserve: () => undefined } }),
  ],
})
const config = (given: Partial<Config>): Config => ({ app: './app.ts', ...given })
const form = (given: object): string[] =>
  checkConfig('banyan.config.ts', { app: './app.ts', ...given }).map(
    ({ where, what, remedy }) => `${where} ${what}: ${remedy}`,
  )
const fit = (given: Partial<Config>, environment = {}): string[] =>
  policyProblems({ app, config: config(given), file: 'banyan.config.ts' }, environment).map(
    ({ where, what }) => `${where} ${what}`,
  )

describe('policies in the configuration', () => {
  it('are taken as they are written, with their defaults', () => {
    const policies = {
      'orders -> stock': {
        timeout: '2s',
        retry: { attempts: 5 },
        breaker: { failures: 7, ratio: 0.5 },
        bulkhead: 100,
        hedge: { after: 'p95' },
      },
      '* -> stock': { retry: false, bulkhead: { concurrency: 5, queue: 6 }, fallback: { level: 0 } },
    } as const
    expect(form({ policies })).toEqual([])
    expect(fit({ policies })).toEqual([])
    expect(edgePolicies(policies)).toEqual({
      'orders -> stock': {
        timeoutMs: 2_000,
        retry: { attempts: 5, baseMs: 25, capMs: 1_000, budget: { ratio: 0.2, perSecond: 10 } },
        breaker: { failures: 7, openForMs: 5_000, probes: 1, ratio: { share: 0.5, windowMs: 10_000, leastCalls: 20 } },
        bulkhead: { concurrency: 100, queue: 0 },
        hedge: { after: 'p95' },
      },
      '* -> stock': { retry: false, bulkhead: { concurrency: 5, queue: 6 }, fallback: { level: 0 } },
    })
  })

  it('are refused with all problems together', () => {
    const policies = {
      'orders > stock': {},
      '*': 5,
      'orders -> stock': {
        timout: 1,
        timeout: 'soon',
        retry: { attempts: 1, base: '2s' },
        breaker: { failure: 1 },
        bulkhead: { queue: 1 },
        hedge: {},
      },
    }
    expect(form({ policies })).toEqual([
      "policies['orders > stock'] names no edge: correct the name",
      "policies['*'] is not an object: correct the value",
      "policies['orders -> stock'].timout is not a setting: write policies['orders -> stock'].timeout",
      'policies[\'orders -> stock\'].timeout is "soon": correct the value',
      "policies['orders -> stock'].retry.attempts is 1: correct the value",
      "policies['orders -> stock'].retry.cap is 1000: correct the value",
      "policies['orders -> stock'].breaker.failure is not a setting: write policies['orders -> stock'].breaker.failures",
      "policies['orders -> stock'].bulkhead.concurrency is missing: set concurrency",
      "policies['orders -> stock'].hedge.after is missing: set after",
    ])
  })

  it('must fit the app', () => {
    expect(
      fit({
        policies: {
          'order -> stock': {},
          'outside -> stock': { fallback: { level: 'much', reserve: 1 } },
          '* -> stocks': {},
        },
      }),
    ).toEqual([
      "policies['order -> stock'] names order, which the app does not have",
      "policies['outside -> stock'].fallback.level does not fit the output that the contract promises",
      "policies['outside -> stock'].fallback.reserve is no query of the called module",
      "policies['* -> stocks'] names stocks, which the app does not have",
    ])
  })
})

describe('the types of policies', () => {
  it('make a misspelt module, part or option a compile error', () => {
    const right = defineConfig<typeof app>({
      app: './app.ts',
      policies: {
        'orders -> stock': { timeout: '2s' },
        'outside -> *': { bulkhead: 9 },
        '*': { retry: { attempts: 2 } },
      },
      faults: [{ edge: '* -> stock', percent: 1, latency: '1s' }],
    })
    // @ts-expect-error no module is called stocks
    defineConfig<typeof app>({ app: '', policies: { 'orders -> stocks': {} } })
    // @ts-expect-error no part is called timout
    defineConfig<typeof app>({ app: '', policies: { '*': { timout: '2s' } } })
    // @ts-expect-error no option is called attempt
    defineConfig<typeof app>({ app: '', policies: { '*': { retry: { attempt: 2 } } } })
    // @ts-expect-error not a duration
    defineConfig<typeof app>({ app: '', policies: { '*': { timeout: 'soon' } } })
    // @ts-expect-error no module is called order
    defineConfig<typeof app>({ app: '', faults: [{ edge: 'order -> stock', percent: 1 }] })
    expect(checkConfig('banyan.config.ts', right)).toEqual([])
  })
})

describe('faults in the configuration', () => {
  it('are checked in form and fit', () => {
    expect(
      form({
        faults: [
          { edge: '*', percent: 101, error: 'broken' },
          { edge: 'x', percent: 1 },
        ],
      }),
    ).toEqual([
      'faults[0].percent is 101: correct the value',
      'faults[0].error is "broken": correct the value',
      'faults[1].edge is "x": correct the value',
      'faults[1] does nothing: name a fault',
    ])
    expect(fit({ faults: [{ edge: '* -> stock', operation: 'levels', percent: 1, drop: 'call' }] })).toEqual([
      "faults[0].operation no module of '* -> stock' has levels",
    ])
  })

  it('are off unless the environment switches them on, which in production takes a word of its own', () => {
    const faults = [{ edge: '*', percent: 1, drop: 'call' }] as const
    const production = { NODE_ENV: 'production' }
    expect(fit({ faults }, { BANYAN_FAULTS: 'yes' })).toEqual(['BANYAN_FAULTS is "yes"'])
    expect(fit({ faults }, { ...production, BANYAN_FAULTS: 'on' })).toEqual([
      'BANYAN_FAULTS is on, with NODE_ENV=production',
    ])
    expect(fit({ faults }, { ...production, BANYAN_FAULTS: 'production' })).toEqual([])
    const placed = (environment: Record<string, string>) =>
      policyPlacement(
        { app, config: config({ faults }) },
        { ambient: createSeededAmbient(1), logger: createLogger({ level: 'silent' }), environment },
      )
    expect(placed({})).toBeUndefined()
    expect(placed({ BANYAN_FAULTS: 'on' })).toBeDefined()
  })

  it('leave calls as they are where nothing is configured, and edges to other processes with the defaults', () => {
    const context = { ambient: createSeededAmbient(1), logger: createLogger({ level: 'silent' }), environment: {} }
    expect(policyPlacement({ app, config: config({}) }, context)).toBeUndefined()
    expect(policyPlacement({ app, config: config({}) }, { ...context, hosts: ['orders'] })).toBeDefined()
  })
})
