import { describe, expect, it } from 'vitest'
import { betweenProcesses, defaultRetry, type EdgePolicies, policyOf } from '../src/index.js'
import { bench, fails, ok } from './harness.js'

describe('the policy of an edge', () => {
  const policies: EdgePolicies = {
    edges: {
      'orders -> payments': { timeoutMs: 1, retry: false },
      '* -> payments': { timeoutMs: 2, bulkhead: { concurrency: 2, queue: 0 } },
      'orders -> *': {
        timeoutMs: 3,
        bulkhead: { concurrency: 3, queue: 0 },
        breaker: { failures: 3, openForMs: 3, probes: 1 },
      },
      '*': { timeoutMs: 4, retry: defaultRetry, hedge: { after: 4 } },
    },
    defaults: { modules: new Set(['payments']), policy: betweenProcesses },
  }

  it('takes each part from the most specific entry that says it; false switches off', () => {
    expect(policyOf(policies, 'orders', 'payments')).toEqual({
      timeoutMs: 1,
      bulkhead: { concurrency: 2, queue: 0 },
      breaker: { failures: 3, openForMs: 3, probes: 1 },
      hedge: { after: 4 },
    })
    expect(policyOf(policies, 'outside', 'payments')).toMatchObject({ timeoutMs: 2, breaker: betweenProcesses.breaker })
    expect(policyOf(policies, 'cart', 'stock')).toEqual({ timeoutMs: 4, retry: defaultRetry, hedge: { after: 4 } })
    expect(policyOf({ edges: {} }, 'cart', 'stock')).toBeUndefined()
  })

  it('holds for calls from outside under that name, and never for a module that calls itself', () => {
    const { ask, callee, clock, placement } = bench({ edges: { '*': { retry: defaultRetry } } })
    callee.script = () => fails('unavailable')
    ask({ caller: 'inventory' })
    clock.advance(1_000)
    expect(callee.deliveries).toHaveLength(1)
    const external = {
      kind: 'query',
      module: 'inventory',
      operation: 'level',
      input: {},
      id: 'x',
      repeatable: false,
      travel: { correlationId: 'x' },
    } as const
    void placement.deliver(external, ask({ module: 'unknown' }).scope, { receive: () => undefined })
    clock.advance(1_000)
    expect(placement.report().map(({ caller, module }) => `${caller} -> ${module}`)).toEqual(['outside -> inventory'])
    expect(callee.deliveries).toHaveLength(1 + 1 + 3)
  })

  it('tells its state as metrics, and an edge without a policy none', () => {
    const { ask, callee, placement } = bench({ breaker: { failures: 1, openForMs: 1_000, probes: 1 } })
    callee.script = () => fails('unavailable')
    ask()
    ask()
    ask({ caller: 'inventory', module: 'orders' })
    callee.script = () => ok
    const samples = Object.fromEntries(
      placement
        .metrics()
        .flatMap(({ name, samples }) =>
          samples.map(({ labels, value }) => [`${name} ${Object.values(labels)}`, value]),
        ),
    )
    expect(samples).toMatchObject({
      'banyan_edge_calls_total orders,inventory,failed': 2,
      'banyan_edge_events_total orders,inventory,refused-by-breaker': 1,
      'banyan_edge_breaker_state orders,inventory': 2,
    })
    expect(placement.report()).toHaveLength(1)
  })
})
