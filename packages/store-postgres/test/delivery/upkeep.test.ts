import { describe, expect, test } from 'vitest'
import { event, nothing, plan } from './process.js'
import { until, withServer } from './server.js'

const day = 24 * 3_600_000

describe('retention', () => {
  const newSpace = withServer()
  const rows = async (space: Awaited<ReturnType<typeof newSpace>>, table: string): Promise<number> =>
    (await space.rows(`select * from ${table}`)).length

  test('prunes old outcomes and events by policy, never past a subscription that needs them', async () => {
    const space = await newSpace()
    let open = false
    const options = {
      plans: [plan('billing'), plan('mail')],
      retention: { orders: { inboxMs: 7 * day, logMs: day } },
      limits: { retentionMs: 20, registerMs: 20, pruneRows: 10 },
      handlers: {
        mail: async () => {
          if (!open) throw Object.assign(new Error('deadlock'), { severity: 'ERROR', code: '40P01' })
          return nothing
        },
      },
    }
    const process = await space.start(options)
    const orders = process.store.module('orders')
    for (let count = 0; count < 25; count++) {
      const at = Date.now() - 2 * day
      const id = `00000000-0000-7000-8000-0000000000${count + 10}`
      await orders.unit({ command: { id, inputHash: 'h' } }).commit({
        outcome: { outcome: '{}', at: at - 6 * day },
        events: [event('old', id, at)],
      })
    }
    await process.publish(['young'])
    await until(async () => (await rows(space, 'orders.banyan_inbox')) === 0)
    await until(async () => (await rows(space, 'billing.effects')) === 26)
    // One of its subscribers has not had them.
    expect(await rows(space, 'orders.banyan_log')).toBe(26)
    open = true
    await until(async () => (await rows(space, 'orders.banyan_log')) === 1)
    await process.delivery.settled()
    expect(await rows(space, 'billing.effects')).toBe(26)
  })
})

describe('a subscription', () => {
  const newSpace = withServer()

  test.each([
    ['beginning', 'beginning' as const, 6],
    ['now', 'now' as const, 2],
    ['a time', { time: Date.now() - day }, 4],
  ])('P5 that is added later starts from %s, and misses nothing from there on', async (_name, from, expected) => {
    const space = await newSpace()
    const first = await space.start({ plans: [plan('billing')] })
    const old = [event('a', '00000000-0000-7000-8000-000000000001', Date.now() - 2 * day)]
    await first.store
      .module('orders')
      .unit()
      .commit({ events: [...old, { ...old[0], id: '00000000-0000-7000-8000-000000000002' } as never] })
    await first.publish(['a', 'b'])
    await first.delivery.stop(1_000)
    const second = await space.start({ plans: [plan('billing'), plan('mail', { from })] })
    await second.publish(['a', 'c'])
    await second.delivery.settled()
    expect(await space.effects('mail')).toHaveLength(expected)
    await space.expectExactlyOnce('billing')
  })

  test('L4 stops by name when its source was restored to an older state, and skips nothing silently', async () => {
    const space = await newSpace()
    const limits = { pollMs: 20, recheckMs: 50 }
    const process = await space.start({ plans: [plan('billing')], limits })
    await process.publish(['a', 'a', 'a'])
    await process.delivery.settled()
    await space.rows(`delete from orders.banyan_log where position > 1`)
    await space.rows(`update orders.banyan_lanes set position = 1 where position > 1`)
    const health = () => process.delivery.status().get('billing')?.subscriptions[0]
    await until(() => health()?.state === 'stopped')
    expect(health()?.reason).toMatch(/log-diverged.*orders/)
    await process.publish(['a', 'a', 'a', 'a'])
    // Longer than what was handled now, and still another history: it looks again and again, and the operator decides.
    const looks = () =>
      process.delivery.metrics().find((metric) => metric.name === 'banyan_feed_reads_total')?.samples[1]?.value ?? 0
    const before = looks()
    await until(() => looks() > before + 5)
    expect(health()?.state).toBe('stopped')
    expect(await space.effects('billing')).toHaveLength(3)
    const { log } = process.store.module('orders')
    const heads = await log.heads()
    await process.store.module('billing').subscriptions.reset(plan('billing').key, heads)
    await until(() => health()?.state === 'running')
    await process.publish(['a'])
    await process.delivery.settled()
    expect(await space.effects('billing')).toHaveLength(4)
  })
})

describe('stopping', () => {
  const newSpace = withServer()

  test('gives leases back, so that the next process goes on at once', async () => {
    const space = await newSpace()
    const first = await space.start({ plans: [plan('billing')] })
    await first.publish(['a'])
    await first.delivery.settled()
    await first.delivery.stop(1_000)
    expect(await space.rows('select * from billing.banyan_leases where owner_pid is not null')).toEqual([])
    const second = await space.start({ plans: [plan('billing')], limits: { staleMs: 3_600_000 } })
    await second.publish(['a'])
    await second.delivery.settled()
    await space.expectExactlyOnce('billing')
  })
})
