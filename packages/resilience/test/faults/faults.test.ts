import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { asOutcome, createLogger, type Envelope, Scope } from '@banyan/runtime'
import { describe, expect, it } from 'vitest'
import { type FaultRule, withFaults } from '../../src/index.js'
import { Callee, codeOf, ok, settle } from '../harness.js'

function setUp(rule: Omit<FaultRule, 'edge' | 'percent'> & Partial<FaultRule>) {
  const clock = createDrivenClock(1_000_000)
  const ambient = createSeededAmbient(3, clock)
  const callee = new Callee()
  callee.script = () => ok
  const rules = [{ edge: 'orders -> inventory', percent: 100, ...rule }]
  const placement = withFaults(callee, rules, { ambient, logger: createLogger({ level: 'silent' }) })
  const ask = (given: Partial<Envelope> = {}) => {
    const scope = new Scope(ambient, undefined, 1_000)
    const asked: { code: string | undefined; scope: Scope } = { code: undefined, scope }
    const envelope: Envelope = {
      kind: 'query',
      module: 'inventory',
      operation: 'level',
      input: {},
      id: 'x',
      repeatable: false,
      caller: 'orders',
      travel: { correlationId: 'x' },
      ...given,
    }
    void placement.deliver(envelope, scope, asOutcome).then((outcome) => {
      asked.code = codeOf(outcome)
    })
    return asked
  }
  return { clock, callee, placement, ask }
}

describe('injected faults', () => {
  it('delay a call, and end with its scope', async () => {
    const { ask, callee, clock } = setUp({ latencyMs: 200 })
    const asked = ask()
    const hasty = ask()
    hasty.scope.end('cancelled')
    await settle()
    expect([callee.deliveries.length, hasty.code]).toEqual([0, 'cancelled'])
    clock.advance(200)
    await settle()
    expect(asked.code).toBe('ok')
  })

  it('fail a call that is not delivered', async () => {
    const { ask, callee, placement } = setUp({ error: 'unavailable' })
    const asked = ask()
    await settle()
    expect([callee.deliveries.length, asked.code]).toEqual([0, 'unavailable'])
    expect(placement.metrics()[0]?.samples).toContainEqual({ labels: { kind: 'error' }, value: 1 })
  })

  it('lose a call or its answer: the caller hears nothing until its time is up', async () => {
    const lost = setUp({ drop: 'call' })
    const query = lost.ask()
    lost.clock.advance(999)
    await settle()
    expect(query.code).toBeUndefined()
    lost.clock.advance(1)
    await settle()
    expect([lost.callee.deliveries.length, query.code]).toEqual([0, 'deadline-exceeded'])
    const answer = setUp({ drop: 'answer' })
    const command = answer.ask({ kind: 'command' })
    await settle()
    answer.clock.advance(1_000)
    await settle()
    expect([answer.callee.deliveries.length, command.code]).toEqual([1, 'outcome-unknown'])
  })

  it('strike the share, the caller and the operation that they name', async () => {
    const { ask, callee } = setUp({ error: 'unavailable', percent: 30, operation: 'level' })
    for (let call = 0; call < 1_000; call++) ask()
    await settle()
    expect(callee.deliveries.length).toBeGreaterThan(630)
    expect(callee.deliveries.length).toBeLessThan(770)
    const all = setUp({ error: 'unavailable', operation: 'level' })
    const spared = [all.ask({ operation: 'other' }), all.ask({ caller: 'cart' })]
    await settle()
    expect(spared.map(({ code }) => code)).toEqual(['ok', 'ok'])
  })
})
