import { banyanError } from '@banyan/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeStore } from './fake-store.js'
import { type Harness, harness, inOrderPerKey, keys, note, nothing, plan, started, until } from './harness.js'

let running: Harness | undefined
afterEach(async () => {
  await running?.delivery.stop(1_000)
  running = undefined
})

async function start(...parameters: Parameters<typeof harness>): Promise<Harness> {
  running = await started(...parameters)
  return running
}

describe('live events', () => {
  it('are handled once each, in order per key, from memory (P5, L3, L5)', async () => {
    const run = await start([plan('billing')])
    for (let round = 0; round < 20; round++) run.publish(keys(100))
    await run.delivery.settled()
    const { effects } = run.modules.billing
    expect(effects).toHaveLength(2_000)
    expect(new Set(effects).size).toBe(2_000)
    expect(inOrderPerKey(effects)).toBe(true)
    expect(run.modules.orders.statements).toEqual([])
  })

  it('are read from the log where another process committed them (L5)', async () => {
    const run = await start([plan('billing')])
    run.publish(keys(300), false)
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(300)
    expect(inOrderPerKey(run.modules.billing.effects)).toBe(true)
  })

  it('are handled in order when commits are handed over in another order (L2)', async () => {
    const run = await start([plan('billing')])
    const first = run.publish(keys(50), false)
    const second = run.publish(keys(50), false)
    run.delivery.committed('orders', second, [])
    run.delivery.committed('orders', first, [])
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(100)
    expect(inOrderPerKey(run.modules.billing.effects)).toBe(true)
  })

  it('move the position in the transaction of their effect, many in one (P5)', async () => {
    const run = await start([plan('billing')])
    run.publish(keys(400))
    await run.delivery.settled()
    const steps = run.modules.billing.commits.filter((commit) => commit.step)
    expect(steps.length).toBeLessThan(10)
    const positions = run.modules.billing.rows(plan('billing').key).map((row) => row.position)
    expect(positions).toEqual(run.modules.orders.heads().positions)
  })

  it('are handled at once after a rest, and gathered while they trickle in', async () => {
    const run = await start([plan('billing')], { batchEveryMs: 200 })
    const { effects, commits } = run.modules.billing
    run.handlers.billing = (event, unit) => {
      // The batch of the first event takes 40 ms, so the next begins 160 ms after it began.
      if (effects.length === 0) run.clock.advance(40)
      return note(event, unit, new AbortController().signal)
    }
    run.publish(keys(1))
    await until(() => effects.length === 1)
    for (let count = 0; count < 30; count++) {
      run.publish(keys(1))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await run.delivery.settled()
    expect(effects).toHaveLength(31)
    expect(commits.filter((commit) => commit.step).length).toBeLessThan(5)
  })

  it('without a handler only move the position, and not one transaction each', async () => {
    const run = await start([plan('billing')])
    for (let count = 0; count < 500; count++) run.publish([{ key: `k${count}`, type: 'other' }])
    await run.delivery.settled()
    await run.delivery.stop(1_000)
    expect(run.modules.billing.effects).toEqual([])
    expect(run.modules.billing.commits).toHaveLength(1)
    const positions = run.modules.billing.rows(plan('billing').key).map((row) => row.position)
    expect(positions).toEqual(run.modules.orders.heads().positions)
  })

  it('publish what their handlers publish, with the effect, and on to further subscribers', async () => {
    const run = await start([
      plan('billing'),
      plan('mail', { key: { subscription: 'on', source: 'billing' }, types: new Set(['billed']) }),
    ])
    run.handlers.billing = (event, unit) => {
      unit.note(event.key)
      const { id: _id, position: _position, ...rest } = event
      return { events: [{ ...rest, id: `billed-${event.id}`, type: 'billed' }], jobs: [] }
    }
    run.publish(keys(100))
    await run.delivery.settled()
    expect(run.modules.mail.effects).toHaveLength(100)
    expect(run.modules.billing.statements).toEqual([])
  })

  it('are handled by as many transactions at a time as the plan says, never two in one lane', async () => {
    const run = await start([plan('billing', { parallel: 4 })])
    const open = new Set<number>()
    let most = 0
    run.handlers.billing = async (event, unit) => {
      expect(open.has(event.lane)).toBe(false)
      open.add(event.lane)
      most = Math.max(most, open.size)
      await new Promise((resolve) => setImmediate(resolve))
      open.delete(event.lane)
      unit.note(`${event.key}@${event.position}`)
      return nothing
    }
    run.publish(keys(200))
    await run.delivery.settled()
    expect(most).toBe(4)
    expect(run.modules.billing.effects).toHaveLength(200)
    expect(inOrderPerKey(run.modules.billing.effects)).toBe(true)
  })
})

describe('a new subscription', () => {
  it.each([
    ['beginning', 'beginning' as const, 30],
    ['now', 'now' as const, 10],
    ['a time', { time: Date.UTC(2026, 0, 1) + 1_000 }, 20],
  ])('starts from %s', async (_name, from, expected) => {
    const run = harness([plan('billing', { from })])
    running = run
    run.publish(keys(10), false)
    run.clock.advance(1_000)
    run.publish(keys(10), false)
    await run.delivery.start()
    run.publish(keys(10))
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(expected)
  })

  it('is registered with its source before it exists, so that pruning waits for it', async () => {
    const run = await start([plan('billing')])
    expect(run.modules.orders.registrations.has('billing:on')).toBe(true)
  })
})

describe('a batch that cannot be committed', () => {
  it('is done again after a deadlock, which is no attempt', async () => {
    const run = await start([plan('billing', { attempts: 1 })])
    let left = 5
    run.modules.billing.onCommit = (_ending, at) => {
      if (at === 'before' && left-- > 0) throw Object.assign(new Error('deadlock'), { transient: true })
    }
    run.publish(keys(100))
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(100)
    expect(run.modules.billing.parked).toEqual([])
    expect(run.modules.billing.dead).toEqual([])
  })

  it('is done again after a deadlock inside a handler, however often, which is no attempt', async () => {
    const run = await start([plan('billing', { attempts: 1 })])
    let left = 8
    run.handlers.billing = (event, unit, signal) => {
      // As a handler that wraps what it caught.
      if (left-- > 0)
        throw new Error('could not bill', { cause: Object.assign(new Error('deadlock'), { transient: true }) })
      return note(event, unit, signal)
    }
    run.publish([{ key: 'a' }])
    await run.delivery.settled()
    expect(run.modules.billing.effects).toEqual(['a@1'])
    expect(run.modules.billing.dead).toEqual([])
  })

  it.each(['before', 'after'] as const)(
    'with an outcome unknown, %s it took effect, is looked up (P5)',
    async (when) => {
      const run = await start([plan('billing')])
      let left = 3
      run.modules.billing.onCommit = (_ending, at) => {
        if (at === when && left-- > 0) throw banyanError('outcome-unknown', { operation: 'a unit' })
      }
      run.publish(keys(100))
      await run.delivery.settled()
      expect(run.modules.billing.effects).toHaveLength(100)
      expect(new Set(run.modules.billing.effects).size).toBe(100)
    },
  )

  it('is dropped when another process took over, and neither loses nor repeats anything (P5)', async () => {
    const run = await start([plan('billing')])
    const other = run.another('other process')
    await other.start()
    let stolen = false
    run.handlers.billing = (event, unit, signal) => {
      if (!stolen) {
        stolen = true
        for (const lease of run.modules.billing.leases.values()) Object.assign(lease, { owner: undefined })
      }
      return note(event, unit, signal)
    }
    expect(run.publish(keys(200))).toHaveLength(200)
    await run.delivery.settled()
    await other.settled()
    expect(run.modules.billing.effects).toHaveLength(200)
    expect(new Set(run.modules.billing.effects).size).toBe(200)
    await other.stop(1_000)
  })

  it('is halved until the event is found whose constraint fails at commit', async () => {
    const run = await start([plan('billing', { attempts: 1 })])
    const handled: string[] = []
    run.handlers.billing = (event, unit) => {
      handled.push(event.id)
      unit.note(event.id)
      return { events: event.key === 'bad' ? [{ ...event, id: 'poison' }] : [], jobs: [] }
    }
    run.modules.billing.onCommit = (ending, at) => {
      if (at === 'before' && ending.events?.some((event) => event.id === 'poison')) throw new Error('check constraint')
    }
    run.publish([...keys(40), { key: 'bad' }, ...keys(40)])
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(80)
    expect(handled.length).toBeLessThan(81 * 5)
    expect(run.modules.billing.dead.map((letter) => letter.event.key)).toEqual(['bad'])
  })
})

describe('a source that went back (L4)', () => {
  it('stops the subscription by name, and it goes on once an operator has decided', async () => {
    const run = await start([plan('billing')])
    run.publish(keys(50))
    await run.delivery.settled()
    run.modules.orders.incarnation = 'restored'
    for (const lane of run.modules.orders.log) lane.length = Math.max(0, lane.length - 1)
    const health = () => run.delivery.status().get('billing')?.subscriptions[0]
    await until(() => health()?.state === 'stopped')
    expect(health()?.reason).toMatch(/log-diverged/)
    run.publish(keys(20))
    expect(run.modules.billing.effects).toHaveLength(50)
    const { key } = plan('billing')
    await fakeStore(run.modules).module('billing').subscriptions.reset(key, run.modules.orders.heads())
    run.delivery.wake()
    await until(() => health()?.state === 'running')
    run.publish(keys(5))
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(55)
  })
})

describe('stopping', () => {
  it('finishes the batch under way and gives the leases back, so that another process takes over at once', async () => {
    const run = await start([plan('billing')])
    const other = run.another('other process')
    await other.start()
    let release = (): void => undefined
    const entered = new Promise<void>((seen) => {
      run.handlers.billing = async (event, unit) => {
        seen()
        await new Promise<void>((resolve) => {
          release = resolve
        })
        unit.note(event.id)
        return nothing
      }
    })
    run.publish([{ key: 'a' }])
    await entered
    const stopped = run.delivery.stop(5_000)
    release()
    await stopped
    expect(run.modules.billing.effects).toHaveLength(1)
    expect([...run.modules.billing.leases.values()].every((lease) => lease.owner !== 'this process')).toBe(true)
    run.handlers.billing = note
    run.publish([{ key: 'b' }], false)
    await other.settled()
    expect(run.modules.billing.effects).toHaveLength(2)
    await other.stop(1_000)
  })

  it('interrupts a handler that does not end by the deadline, and keeps nothing of it', async () => {
    const run = await start([plan('billing')])
    const entered = new Promise<void>((seen) => {
      run.handlers.billing = () => {
        seen()
        return new Promise(() => undefined)
      }
    })
    run.publish([{ key: 'a' }])
    await entered
    await run.delivery.stop(5)
    expect(run.modules.billing.effects).toEqual([])
    expect(run.modules.billing.parked).toEqual([])
  })
})

describe('pressure (P9)', () => {
  it('is put on publishers while a subscriber here is too far behind, and taken off again', async () => {
    const run = await start([plan('billing')], { maxLag: 100 })
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    run.handlers.billing = async (event, unit, signal) => {
      await gate
      return note(event, unit, signal)
    }
    run.publish(keys(100))
    expect(run.delivery.pressure('orders')).toBeUndefined()
    run.publish(keys(50))
    expect(run.delivery.lag('orders')).toBe(150)
    expect(run.delivery.pressure('orders')).toBeGreaterThanOrEqual(100)
    release()
    await run.delivery.settled()
    expect(run.delivery.pressure('orders')).toBeUndefined()
    expect(run.delivery.lag('orders')).toBe(0)
  })
})
