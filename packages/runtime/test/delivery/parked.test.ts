import { banyanError } from '@banyan/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { type Harness, type harness, inOrderPerKey, note, plan, started, until } from './harness.js'

let running: Harness | undefined
afterEach(async () => {
  await running?.delivery.stop(1_000)
  running = undefined
})

async function start(...parameters: Parameters<typeof harness>): Promise<Harness> {
  running = await started(...parameters)
  return running
}

/** Fails for the keys given while they are in the set. */
function failing(run: Harness, bad: Set<string>): void {
  run.handlers.billing = (event, unit, signal) => {
    if (bad.has(event.key)) throw new Error(`cannot handle ${event.key}`)
    return note(event, unit, signal)
  }
}

const day = 24 * 3_600_000

describe('a failing event', () => {
  it('is parked in the transaction that advances its lane; its key waits behind it, other keys go on (P5)', async () => {
    const run = await start([plan('billing')])
    failing(run, new Set(['bad']))
    run.publish([{ key: 'a' }, { key: 'bad' }, { key: 'b' }, { key: 'bad' }, { key: 'a' }])
    run.publish([{ key: 'bad' }, { key: 'c' }])
    expect(await run.delivery.settled()).toMatchObject({ parkedForLater: 3 })
    expect([...run.modules.billing.effects].sort()).toEqual(['a@1', 'a@2', 'b@1', 'c@1'])
    expect(run.modules.billing.parked.map(({ key, position, attempts }) => [key, position, attempts])).toEqual([
      ['bad', 1, 1],
      ['bad', 2, 0],
      ['bad', 3, 0],
    ])
    const parking = run.modules.billing.commits.find((commit) => commit.step?.park?.[0]?.attempts === 1)
    expect(parking?.step?.lanes).toHaveLength(1)
    expect(JSON.parse(run.modules.billing.parked[0]?.error ?? '')).toMatchObject({ code: 'internal' })
  })

  it('is tried again when its time has come, and its key is live again afterwards, in order (L3)', async () => {
    const run = await start([plan('billing')])
    const bad = new Set(['bad'])
    failing(run, bad)
    run.publish([{ key: 'bad' }, { key: 'bad' }])
    await run.delivery.settled()
    bad.clear()
    run.publish([{ key: 'bad' }])
    run.clock.advance(day)
    await run.delivery.settled()
    expect(run.modules.billing.effects).toEqual(['bad@1', 'bad@2', 'bad@3'])
    run.publish([{ key: 'bad' }])
    await run.delivery.settled()
    expect(run.modules.billing.effects.at(-1)).toBe('bad@4')
    expect(run.modules.billing.parked).toEqual([])
  })

  it('waits longer after each attempt, with jitter, up to a cap', async () => {
    const run = await start([plan('billing', { attempts: 20 })], { attemptBackoff: { baseMs: 1_000, capMs: 60_000 } })
    failing(run, new Set(['bad']))
    run.publish([{ key: 'bad' }])
    const waits: number[] = []
    for (let attempt = 1; attempt < 15; attempt++) {
      await run.delivery.settled()
      const waitMs = (run.modules.billing.parked[0]?.nextAt ?? 0) - run.clock.now()
      expect(waitMs).toBeLessThanOrEqual(Math.min(60_000, 1_000 * 2 ** (attempt - 1)))
      waits.push(waitMs)
      run.clock.advance(waitMs)
    }
    expect(new Set(waits).size).toBeGreaterThan(10)
    expect(Math.max(...waits)).toBeGreaterThan(10_000)
  })

  it.each([1, 3])('becomes a dead letter after %i attempts, and releases its key', async (attempts) => {
    const run = await start([plan('billing', { attempts })])
    const tried: number[] = []
    run.handlers.billing = (event, unit, signal) => {
      if (event.position === 1) {
        tried.push(run.clock.now())
        throw new Error('no')
      }
      return note(event, unit, signal)
    }
    run.publish([{ key: 'k' }, { key: 'k' }])
    for (let round = 0; round < attempts; round++) {
      await run.delivery.settled()
      run.clock.advance(day)
    }
    await run.delivery.settled()
    expect(run.modules.billing.dead.map(({ event, holds }) => [event.position, event.attempts, holds])).toEqual([
      [1, attempts, false],
    ])
    expect(run.modules.billing.effects).toEqual(['k@2'])
    expect(new Set(tried).size).toBe(attempts)
  })

  it('holds its key as a dead letter where the module chose so', async () => {
    const run = await start([plan('billing', { attempts: 1, onDead: 'hold' })])
    failing(run, new Set(['bad']))
    run.publish([{ key: 'bad' }])
    await run.delivery.settled()
    failing(run, new Set())
    run.publish([{ key: 'bad' }, { key: 'good' }])
    await run.delivery.settled()
    expect(run.modules.billing.effects).toEqual(['good@1'])
    // An operator drops it.
    run.modules.billing.dead.length = 0
    run.delivery.wake()
    await until(() => run.modules.billing.effects.length === 2)
    expect(run.modules.billing.effects).toEqual(['good@1', 'bad@2'])
  })

  it('that can never succeed is a dead letter at once where the host knows so', async () => {
    const run = await start([plan('billing', { attempts: 8 })])
    run.isHopeless = (error) => (error as Error).message.startsWith('cannot')
    failing(run, new Set(['bad']))
    run.publish([{ key: 'bad' }, { key: 'bad' }])
    await run.delivery.settled()
    expect(run.modules.billing.dead.map(({ event }) => [event.position, event.attempts])).toEqual([
      [1, 1],
      [2, 1],
    ])
  })

  it('that takes longer than its deadline has failed, and its handler can write no more (P7)', async () => {
    const run = await start([plan('billing')], { handlerMs: 1_000 })
    let late: (() => void) | undefined
    run.handlers.billing = async (event, unit, signal) => {
      if (event.key === 'slow' && !late)
        await new Promise<void>((resolve) => {
          late = resolve
        })
      return note(event, unit, signal)
    }
    run.publish([{ key: 'slow' }])
    await until(() => late !== undefined)
    run.clock.advance(1_000)
    late?.()
    await run.delivery.settled()
    expect(run.modules.billing.parked.map(({ key, attempts }) => [key, attempts])).toEqual([['slow', 1]])
    expect(JSON.parse(run.modules.billing.parked[0]?.error ?? '')).toMatchObject({ code: 'deadline-exceeded' })
    expect(run.modules.billing.effects).toEqual([])
  })
})

describe('an event whose callee cannot be reached', () => {
  it('is no attempt, does not hold up other keys, and is handled when the callee is back (P5)', async () => {
    const run = await start([plan('billing', { attempts: 1 })])
    let down = true
    run.handlers.billing = (event, unit, signal) => {
      if (event.key === 'caller' && down) throw banyanError('unavailable', { what: 'mail' })
      return note(event, unit, signal)
    }
    run.publish([{ key: 'caller' }, { key: 'other' }, { key: 'caller' }])
    await until(() => run.modules.billing.effects.includes('other@1'))
    await until(() => run.modules.billing.parked.length === 2)
    run.clock.advance(day)
    down = false
    await run.delivery.settled()
    expect(run.modules.billing.effects).toEqual(['other@1', 'caller@1', 'caller@2'])
    expect(run.modules.billing.dead).toEqual([])
  })
})

describe('order per key between parked and live events', () => {
  it('holds while events of the key come in all the time and fail now and then (L3, P5)', async () => {
    const run = await start([plan('billing', { attempts: 50 })], {
      batchEvents: 7,
      attemptBackoff: { baseMs: 2, capMs: 4 },
    })
    let turn = 0
    run.handlers.billing = async (event, unit, signal) => {
      turn++
      if (turn % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (turn % 7 === 0) throw new Error('now and then')
      return note(event, unit, signal)
    }
    for (let round = 0; round < 150; round++) {
      run.publish([{ key: 'x' }, { key: 'y' }, { key: 'x' }, { key: 'z' }])
      run.clock.advance(1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => {
      run.clock.advance(1)
      return run.modules.billing.effects.length === 600
    })
    expect(new Set(run.modules.billing.effects).size).toBe(600)
    expect(inOrderPerKey(run.modules.billing.effects)).toBe(true)
    expect(run.modules.billing.parked).toEqual([])
  })

  it('is kept from the moment a resubmitted letter is found: it and live events of its key never run at once', async () => {
    const run = await start([plan('billing', { attempts: 1 })])
    const bad = new Set(['k'])
    failing(run, bad)
    run.publish([{ key: 'k' }])
    await run.delivery.settled()
    const letter = run.modules.billing.dead.pop()?.event
    expect(letter).toBeDefined()
    let open = 0
    let most = 0
    run.handlers.billing = async (event, unit, signal) => {
      open++
      most = Math.max(most, open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
      return note(event, unit, signal)
    }
    run.publish(Array.from({ length: 30 }, () => ({ key: 'k' })))
    if (letter) run.modules.billing.parked.push({ ...letter, attempts: 0, nextAt: run.clock.now() })
    run.delivery.wake('billing')
    await run.delivery.settled()
    expect(most).toBe(1)
    expect(run.modules.billing.effects).toHaveLength(31)
    expect(inOrderPerKey(run.modules.billing.effects.filter((effect) => effect !== 'k@1'))).toBe(true)
    expect(run.modules.billing.parked).toEqual([])
  })
})

describe('bounds on parked events (P9)', () => {
  it.each([
    ['of one key', { parkedPerKey: 10 }, () => 'bad'],
    ['of the subscription', { parkedPerSubscription: 10 }, (index: number) => `bad${index}`],
  ])('%s stop the subscription visibly; it goes on by itself when there is room', async (_name, limits, keyOf) => {
    const run = await start([plan('billing', { attempts: 50 })], limits)
    let down = true
    run.handlers.billing = (event, unit, signal) => {
      if (down) throw new Error('down')
      return note(event, unit, signal)
    }
    run.publish(Array.from({ length: 25 }, (_, index) => ({ key: keyOf(index) })))
    const health = () => run.delivery.status().get('billing')?.subscriptions[0]
    await until(() => health()?.state === 'stopped')
    expect(health()).toMatchObject({ parked: 10, reason: expect.stringContaining('parked events') })
    expect(run.modules.billing.parked).toHaveLength(10)
    // Stopped, so it does not hold up its publisher (P5).
    expect(run.delivery.pressure('orders')).toBeUndefined()
    down = false
    run.clock.advance(day)
    await until(() => run.modules.billing.effects.length === 25)
    await run.delivery.settled()
    expect(run.modules.billing.parked).toEqual([])
    expect(health()?.state).toBe('running')
  })
})
