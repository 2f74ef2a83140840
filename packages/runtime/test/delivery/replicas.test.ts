import { banyanError } from '@banyan/errors'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Delivery } from '../../src/delivery/delivery.js'
import type { LaneShare } from '../../src/delivery/lane-share.js'
import type { ModuleStore } from '../../src/ports/store.js'
import { fakeStore } from './fake-store.js'
import { inOrderPerKey, keys, note, harness as plainHarness, plan, until } from './harness.js'

const harness = () => plainHarness([plan('billing')], { unclaimedMs: 60_000 })
type Harness = ReturnType<typeof harness>

/** Replicas that are told which one they are. */
function replicas(on: Harness, count: number): { deliveries: Delivery[]; tell(...shares: LaneShare[]): void } {
  let told: readonly LaneShare[] = []
  const listeners: (() => void)[] = []
  const deliveries = Array.from({ length: count }, (_, index) =>
    on.another(`replica ${index}`, {
      share: () => told[index] ?? { index: -1, count: 0 },
      onShareChange(listener) {
        listeners.push(listener)
        return () => undefined
      },
    }),
  )
  onTestFinished(async () => void (await Promise.all(deliveries.map((one) => one.stop(0)))))
  return {
    deliveries,
    tell(...shares) {
      told = shares
      for (const listener of listeners) listener()
    },
  }
}

const holders = (on: Harness): (string | undefined)[] =>
  Array.from({ length: 8 }, (_, block) => on.modules.billing.leases.get(`sub:on:orders#${block}`)?.owner)

const loadOf = (on: Harness, index: number): number =>
  holders(on).filter((owner) => owner === `replica ${index}`).length

describe('a subscription of several replicas', () => {
  test('gives what is another’s after the batch under way, and interrupts nothing', async () => {
    const on = harness()
    const { deliveries, tell } = replicas(on, 2)
    tell({ index: 0, count: 1 })
    await Promise.all(deliveries.map((one) => one.start()))
    await until(() => loadOf(on, 0) === 8)
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let begun = 0
    let aborted = false
    on.handlers.billing = async (event, unit, signal) => {
      begun++
      await held
      aborted ||= signal.aborted
      return note(event, unit, signal)
    }
    on.publish(keys(40), false)
    await until(() => begun > 0)
    tell({ index: 0, count: 2 }, { index: 1, count: 2 })
    await until(() => [...on.modules.billing.leases.keys()].filter((id) => id.startsWith('want:')).length === 4)
    // The first has seen that they are wanted, and has had time to do something about it.
    const looks = (): number => on.modules.billing.statements.filter((one) => one === 'holders by replica 0').length
    const before = looks()
    await until(() => looks() > before)
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(loadOf(on, 0)).toBe(8)
    goOn()
    await until(() => loadOf(on, 0) === 4 && loadOf(on, 1) === 4)
    await until(() => on.modules.billing.effects.length === 40)
    on.publish(keys(40), false)
    await until(() => on.modules.billing.effects.length === 80)
    expect(aborted).toBe(false)
    expect(inOrderPerKey(on.modules.billing.effects)).toBe(true)
    expect(new Set(on.modules.billing.effects).size).toBe(80)
    expect(on.logged.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    // Nobody wants anything any more.
    const wants = [...on.modules.billing.leases].filter(([id, { owner }]) => id.startsWith('want:') && owner)
    expect(wants).toEqual([])
  })

  test('leaves everything behind for the others when it stops, its wishes too', async () => {
    const on = harness()
    const { deliveries, tell } = replicas(on, 3)
    tell({ index: 0, count: 1 })
    await (deliveries[0] as Delivery).start()
    await until(() => loadOf(on, 0) === 8)
    // The first is told nothing new, so the second asks in vain.
    tell({ index: 0, count: 1 }, { index: 1, count: 2 })
    await (deliveries[1] as Delivery).start()
    await until(() => [...on.modules.billing.leases.values()].some(({ owner }) => owner === 'replica 1'))
    await (deliveries[1] as Delivery).stop(1_000)
    expect([...on.modules.billing.leases.values()].filter(({ owner }) => owner === 'replica 1')).toEqual([])
    expect(loadOf(on, 0)).toBe(8)
  })
})

describe('a subscription of a source in another process', () => {
  const unreachable = () => Promise.reject(banyanError('unavailable', { what: 'orders' }))

  function remote() {
    const on = plainHarness([plan('billing')])
    let isThere = false
    const { log } = on.source('orders')
    const source = {
      heads: () => (isThere ? log.heads() : unreachable()),
      positionsBefore: (at: number) => (isThere ? log.positionsBefore(at) : unreachable()),
      read: (...asked: Parameters<typeof log.read>) => (isThere ? log.read(...asked) : unreachable()),
      register: (...told: Parameters<typeof log.register>) => (isThere ? log.register(...told) : unreachable()),
    }
    const delivery = on.another('this process', { hosted: ['billing'], source: () => source })
    onTestFinished(() => delivery.stop(0))
    const come = (): void => {
      isThere = true
    }
    return { on, delivery, come }
  }

  const stateOf = (delivery: Delivery) => delivery.status().get('billing')?.subscriptions[0]

  test('starts without it, says what it waits for, and begins when it is there', async () => {
    const { on, delivery, come } = remote()
    on.publish(keys(3), false)
    await delivery.start()
    await until(() => stateOf(delivery)?.state === 'waiting' && stateOf(delivery)?.reason !== undefined)
    expect(stateOf(delivery)?.reason).toContain('orders')
    await expect(delivery.settled(20)).rejects.toThrow(/billing\/on\/orders: not begun yet \(.*orders/)
    expect(on.modules.billing.progress.size).toBe(0)
    come()
    await until(() => on.modules.billing.effects.length === 3)
    await delivery.settled()
    expect(on.modules.orders.registrations.has('billing:on')).toBe(true)
    expect(stateOf(delivery)).toMatchObject({ state: 'running' })
  })

  test('tells it once and without a stack, however often it looks', async () => {
    const { on, delivery } = remote()
    const about = (levels: readonly string[]) =>
      on.logged.filter(({ level, fields }) => levels.includes(level) && fields.subscription === 'billing/on/orders')
    await delivery.start()
    await until(() => about(['debug']).length >= 3)
    const told = about(['info', 'warn', 'error'])
    expect(told.map(({ message }) => message)).toEqual(['a subscription waits for its source'])
    expect(told[0]?.fields).toMatchObject({ reason: expect.stringContaining('orders') })
    expect(told[0]?.fields).not.toHaveProperty('err')
  })

  test('stops while it is not there', async () => {
    const { delivery } = remote()
    await delivery.start()
    await until(() => stateOf(delivery)?.reason !== undefined)
    await delivery.stop(1_000)
    expect(stateOf(delivery)?.state).toBe('stopped')
  })

  test('of a source in this process a start that cannot make it fails, as ever', async () => {
    const on = plainHarness([plan('billing')])
    const delivery = on.another('this process', { source: () => ({ heads: unreachable }) as never })
    onTestFinished(() => delivery.stop(0))
    await expect(delivery.start()).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('asks again for a lease that was lost before it began to work under it', async () => {
    const on = harness()
    const store = fakeStore(on.modules, 'one')
    let goOn = (): void => undefined
    const reading = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let reads = 0
    const slow = (name: string): ModuleStore => {
      const module = store.module(name)
      const parkedKeys: ModuleStore['subscriptions']['parkedKeys'] = async (...given) => {
        reads++
        await reading
        return module.subscriptions.parkedKeys(...given)
      }
      return { ...module, subscriptions: { ...module.subscriptions, parkedKeys } }
    }
    const one = on.another('one', { store: { ...store, module: slow } })
    onTestFinished(() => one.stop(0))
    await one.start()
    await until(() => reads > 0)
    const lease = on.modules.billing.leases.get('sub:on:orders#0') as { owner: string | undefined }
    lease.owner = 'another'
    await until(() => on.logged.some(({ message }) => message === 'leases of a subscription were lost'))
    lease.owner = undefined
    goOn()
    await until(() => on.modules.billing.leases.get('sub:on:orders#0')?.owner === 'one')
  })
})
