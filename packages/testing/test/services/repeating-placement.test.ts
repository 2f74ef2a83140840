import { asOutcome, type Envelope, type Outcome, type Placement } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import { RunningTest } from '../../src/running-test.js'
import type { Deployment } from '../../src/services/deployment.js'
import { RepeatingPlacement } from '../../src/services/repeating-placement.js'
import { shop } from '../shop/app.js'

const ok = (value: unknown): Outcome => ({ ok: true, value }) as Outcome
const failed = (code: string, retryable = false, details?: unknown): Outcome =>
  ({ ok: false, error: { code, message: code, retryable, details } }) as unknown as Outcome

/** What the caller got, what was told, and how often was asked, where the answers come in this order. */
async function repeated(kind: 'command' | 'query', ...answers: Outcome[]) {
  const told: string[] = []
  const asked: Envelope[] = []
  const inner = {
    deliver: async (envelope: Envelope, _scope: unknown, receiver: { receive(outcome: Outcome): unknown }) => {
      asked.push(envelope)
      return receiver.receive(answers[asked.length - 1] as Outcome)
    },
  } as unknown as Placement
  const placement = new RepeatingPlacement(inner, (what) => void told.push(what))
  const envelope = { kind, module: 'stock', operation: 'take', input: {}, id: 'c-1', travel: {} } as unknown as Envelope
  const got = await placement.deliver(envelope, {} as never, asOutcome)
  return { got, told, asked }
}

describe('P4 every call is made twice', () => {
  test('two outcomes of one command are told, with what they were', async () => {
    const { got, told, asked } = await repeated('command', ok({ left: 1 }), ok({ left: 0 }))
    expect(got).toEqual(ok({ left: 0 }))
    expect(told).toEqual([
      'P4 stock.take gave two outcomes for the command c-1: {"value":{"left":1}}, then {"value":{"left":0}}',
    ])
    expect(asked.map(({ id, repeatable }) => ({ id, repeatable }))).toEqual([
      { id: 'c-1', repeatable: true },
      { id: 'c-1', repeatable: true },
    ])
  })

  test('so are a value and an error, and two errors that say other things', async () => {
    expect((await repeated('command', ok(1), failed('stock.none'))).told).toHaveLength(1)
    const [one, other] = [failed('stock.none', false, { left: 1 }), failed('stock.none', false, { left: 2 })]
    expect((await repeated('command', one, other)).told).toHaveLength(1)
  })

  test('the same outcome is none to tell of, however its parts are ordered', async () => {
    expect((await repeated('command', ok({ a: 1, b: 2 }), ok({ b: 2, a: 1 }))).told).toEqual([])
    expect((await repeated('command', failed('stock.none'), failed('stock.none'))).told).toEqual([])
  })

  test('queries may differ, and a fault is no outcome: neither is told', async () => {
    expect((await repeated('query', ok(1), ok(2))).told).toEqual([])
    const first = await repeated('command', failed('unavailable', true), ok(1))
    expect(first).toMatchObject({ got: failed('unavailable', true), told: [] })
    expect(first.asked).toHaveLength(1)
    const second = await repeated('command', ok(1), failed('unavailable', true))
    expect(second).toMatchObject({ got: ok(1), told: [] })
  })

  test('a test that saw two outcomes fails at its end', async () => {
    const ended: string[] = []
    const running = new RunningTest({
      app: shop,
      identity: undefined,
      now: 0,
      deploy: ({ differs }) => {
        differs('P4 two outcomes')
        return { clocks: [], stop: async () => void ended.push('stopped') } as unknown as Deployment
      },
      release: async () => void ended.push('released'),
    })
    await expect(running[Symbol.asyncDispose]()).rejects.toThrow('P4 two outcomes')
    expect(ended).toEqual(['stopped', 'released'])
  })
})
