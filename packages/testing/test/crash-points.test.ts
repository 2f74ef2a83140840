import { type FaultPoint, faultPoints } from '@banyan/testing'
import { describe, expect, test } from 'vitest'
import { everywhere, inPlacements } from './placements.js'
import { mail, orders, stock } from './shop/contracts.js'
import { newId, order, shopIn } from './shop/open.js'

inPlacements(everywhere, (placement) => {
  const openShop = shopIn(placement)

  type Shop = Awaited<ReturnType<typeof openShop>>

  const commandPoints = faultPoints.filter((point) => point.startsWith('command.'))

  async function expectOneOrder(t: Shop, orderId: string): Promise<void> {
    await t.settled()
    await t.clock.advance('15m')
    expect(t.events(orders).placed.map((event) => event.data.orderId)).toEqual([orderId])
    expect(await t.call(stock).level({ sku: order.sku })).toBe(1_000_000 - order.quantity)
    expect(await t.call(mail).sent()).toEqual([
      { order_id: orderId, kind: 'placed' },
      { order_id: orderId, kind: 'reminder' },
    ])
    for (const table of ['banyan_parked', 'banyan_jobs', 'banyan_dead_letters'])
      expect(await t.sql(mail)`select * from ${t.sql(mail).id(table)}`.all()).toEqual([])
  }

  describe('a crash', () => {
    test.each(commandPoints)('P4 at %s: the caller asks again under its id, and there is one effect', async (point) => {
      await using t = await openShop()
      const crash = t.crash('orders', point, { operation: 'place' })
      const id = newId()
      await expect(t.call(orders, { id }).place(order)).rejects.toMatchObject({
        code: 'outcome-unknown',
        retryable: true,
      })
      const { orderId } = await t.call(orders, { id }).place(order)
      await crash.happened
      await expectOneOrder(t, orderId)
    })

    test.each(commandPoints)(
      'P3 P4 at %s of the callee: what runs again repeats its calls under their ids',
      async (point) => {
        await using t = await openShop()
        t.crash('stock', point)
        const id = newId()
        await expect(t.call(orders, { id }).place(order)).rejects.toMatchObject({ code: 'outcome-unknown' })
        const { orderId } = await t.call(orders, { id }).place(order)
        await expectOneOrder(t, orderId)
        await t.stop()
      },
    )

    test.each(faultPoints.filter((point) => /^(feed|jobs)\./.test(point)))(
      'P5 at %s: every event and every job has one effect',
      async (point: FaultPoint) => {
        await using t = await openShop()
        const crash = t.crash('mail', point)
        // The crash may cut off the answer: whoever asks again under the same id is told.
        const id = newId()
        const place = () => t.call(orders, { id }).place(order)
        const { orderId } = await place().catch(place)
        await t.settled()
        await t.clock.advance('15m')
        await crash.happened
        await expectOneOrder(t, orderId)
      },
    )

    test('happens where it was armed, at the pass it was armed for, and once', async () => {
      await using t = await openShop()
      const crash = t.crash('orders', 'before-commit', { operation: 'cancel', pass: 2 })
      const first = await t.call(orders).place(order)
      const second = await t.call(orders).place(order)
      await t.call(orders).cancel(first)
      await expect(t.call(orders).cancel(second)).rejects.toMatchObject({ code: 'outcome-unknown' })
      await crash.happened
      expect(await t.call(orders).byId(second)).toMatchObject({ status: 'placed' })
      await t.call(orders).cancel(second)
      await t.stop()
    })

    test('that never came is told at the end', async () => {
      const t = await openShop()
      t.crash('mail', 'after-commit')
      await t.call(orders).place(order)
      await expect(t.stop()).rejects.toThrow('the armed fault point command.after-commit of mail was never passed')
    })

    test('cannot be armed where there is nothing: module and point are named, with what there is', async () => {
      await using t = await openShop()
      expect(() => t.crash('orderz' as 'orders', 'after-comit' as 'after-commit')).toThrow(
        [
          'The configuration is not valid',
          "  ✗ test of shop · crash('orderz', 'after-comit')",
          "      the app has no module 'orderz'",
          '      allowed: orders, stock, mail',
          '      remedy:  Correct the name of the module.',
          "  ✗ test of shop · crash('orderz', 'after-comit')",
          "      there is no fault point 'after-comit'",
          `      allowed: ${faultPoints.map((point) => point.replace('command.', '')).join(', ')}`,
          '      remedy:  Correct the name of the fault point.',
        ].join('\n'),
      )
    })
  })
})
