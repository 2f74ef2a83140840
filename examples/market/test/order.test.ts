import { describe, expect, test } from 'vitest'
import { analytics } from '../src/analytics/contract.js'
import { cart } from '../src/cart/contract.js'
import { inventory } from '../src/inventory/contract.js'
import { notifications } from '../src/notifications/contract.js'
import { orders } from '../src/orders/contract.js'
import { payments } from '../src/payments/contract.js'
import { provider } from '../src/provider/contract.js'
import { shipping } from '../src/shipping/contract.js'
import { atRest, customer, expectAgreement, type Market, mugs, openMarket, stocked } from './support/open-market.js'

type Method = 'card' | 'card-declined' | 'card-timeout' | 'card-twice'

async function place(t: Market, paymentMethod: Method, lines = mugs(2)): Promise<string> {
  return (await t.call(orders).place({ ...customer, paymentMethod, lines })).orderId
}

const statusOf = async (t: Market, orderId: string) => (await t.call(orders).byId({ orderId }))?.status
const onHand = async (t: Market, sku = 'MUG') => (await t.call(inventory).level({ sku }))?.onHand
const balance = (t: Market) => t.call(provider).balance()

describe('an order', () => {
  test('P5 goes from the cart to the customer: stock, money, parcel, message and revenue follow', async () => {
    await using t = await openMarket({ now: '2026-03-01T12:00:00Z' })
    await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 2 })
    await t.call(cart).put({ cartId: 'c1', sku: 'LAMP', quantity: 1 })
    expect(await t.call(cart).show({ cartId: 'c1' })).toMatchObject({ orderId: null, totalMinor: 8_600 })
    const { orderId, totalMinor } = await t.call(cart).checkout({ cartId: 'c1', ...customer, paymentMethod: 'card' })
    expect(totalMinor).toBe(8_600)
    await atRest(t)
    expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'shipped', totalMinor, refundedMinor: 0 })
    expect([await onHand(t, 'MUG'), await onHand(t, 'LAMP')]).toEqual([stocked - 2, stocked - 1])
    expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'captured', amountMinor: 8_600 })
    expect(await balance(t)).toEqual({ chargedMinor: 8_600, refundedMinor: 0, charges: 1, refunds: 0 })
    const parcel = await t.call(shipping).track({ orderId })
    expect(parcel).toMatchObject({ status: 'dispatched', country: 'Ireland' })
    expect(await t.call(notifications).ofCustomer({ customerId: 'ada' })).toEqual([
      { orderId, subject: `Your order ${orderId} is on its way: ${parcel?.trackingNumber}` },
      { orderId, subject: `We have your order ${orderId}` },
    ])
    expect(await t.call(analytics).byDay({})).toEqual([{ day: '2026-03-01', revenueMinor: 8_600, orders: 1 }])
    expect(await t.call(analytics).byProduct({})).toEqual([
      { sku: 'LAMP', revenueMinor: 6_900, units: 1 },
      { sku: 'MUG', revenueMinor: 1_700, units: 2 },
    ])
    await expectAgreement(t)
  })

  test('is cancelled when the card is declined: stock is back, nothing was charged', async () => {
    await using t = await openMarket()
    const orderId = await place(t, 'card-declined')
    await atRest(t)
    expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'cancelled', reason: 'payment declined' })
    expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'declined', refundedMinor: 0 })
    expect([await onHand(t), (await balance(t)).charges]).toEqual([stocked, 0])
    expect(await t.call(analytics).byCountry({})).toEqual([{ country: 'Ireland', revenueMinor: 0, orders: 0 }])
    await expectAgreement(t)
  })

  test('is charged by a second attempt when the provider timed out first', async () => {
    await using t = await openMarket()
    const orderId = await place(t, 'card-timeout')
    await t.settled()
    expect([await statusOf(t, orderId), (await balance(t)).charges]).toEqual(['confirmed', 0])
    await t.clock.advance('1s')
    await t.settled()
    expect([await statusOf(t, orderId), (await balance(t)).charges]).toEqual(['shipped', 1])
    await expectAgreement(t)
  })

  test('P4 is charged once when the provider answers late, and twice', async () => {
    await using t = await openMarket()
    const orderId = await place(t, 'card-twice')
    await t.settled()
    expect(await statusOf(t, orderId)).toBe('confirmed')
    await atRest(t)
    expect(t.events(provider).answered).toHaveLength(2)
    expect(t.events(payments).captured.map(({ data }) => data)).toEqual([{ orderId, amountMinor: 1_700 }])
    expect([await statusOf(t, orderId), (await balance(t)).chargedMinor]).toEqual(['shipped', 1_700])
    await expectAgreement(t)
  })

  test('is cancelled when there is not enough of one product: none of the others is taken, nothing is charged', async () => {
    await using t = await openMarket()
    const lines = [...mugs(3), { sku: 'RUG', quantity: stocked + 1, unitPriceMinor: 18_900 }]
    const orderId = await place(t, 'card', lines)
    await atRest(t)
    const reason = `only ${stocked} of RUG left`
    expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'cancelled', reason })
    expect([await onHand(t, 'MUG'), await onHand(t, 'RUG')]).toEqual([stocked, stocked])
    expect(await t.call(payments).ofOrder({ orderId })).toBeNull()
    expect((await balance(t)).charges).toBe(0)
    await expectAgreement(t)
  })

  test('asks for several lines of one product together, and for products that nobody knows', async () => {
    await using t = await openMarket()
    const twice = await place(t, 'card', [...mugs(stocked), ...mugs(1)])
    const unknown = await place(t, 'card', [{ sku: 'GHOST', quantity: 1, unitPriceMinor: 1 }])
    const exactly = await place(t, 'card', [...mugs(stocked - 1), ...mugs(1)])
    await atRest(t)
    const found = await Promise.all([twice, unknown, exactly].map((orderId) => t.call(orders).byId({ orderId })))
    expect(found.map((order) => [order?.status, order?.reason])).toEqual([
      ['cancelled', `only ${stocked} of MUG left`],
      ['cancelled', 'only 0 of GHOST left'],
      ['shipped', null],
    ])
    expect(await onHand(t)).toBe(0)
    await expectAgreement(t)
  })

  test('has a number once, and an amount that can be kept', async () => {
    await using t = await openMarket()
    const order = { ...customer, paymentMethod: 'card' as const, lines: mugs(1), orderId: 'A-1' }
    await t.call(orders).place(order)
    await expect(t.call(orders).place(order)).rejects.toMatchObject({ code: 'orders.exists' })
    const dear = { sku: 'RUG', quantity: 1_000_000, unitPriceMinor: 100_000_000 }
    await expect(t.call(orders).place({ ...order, orderId: 'A-2', lines: [dear] })).rejects.toMatchObject({
      code: 'orders.tooMuch',
    })
    expect(await t.call(orders).byId({ orderId: 'A-2' })).toBeNull()
  })
})

describe('stock', () => {
  test('P3 is never sold twice, whatever is ordered and counted at the same time', async () => {
    await using t = await openMarket()
    const work: Promise<unknown>[] = []
    for (let n = 0; n < 30; n++) {
      const lines = n % 2 === 0 ? [...mugs(5), { sku: 'LAMP', quantity: 1, unitPriceMinor: 1 }] : mugs(6)
      work.push(place(t, 'card', lines))
      if (n % 3 === 0) work.push(t.call(inventory).receive({ lines: [{ sku: 'LAMP', quantity: 1 }, ...mugs(1)] }))
      if (n % 5 === 0) work.push(t.call(inventory).adjust({ lines: [{ sku: 'MUG', quantity: -3 }], reason: 'broken' }))
    }
    await Promise.all(work)
    await atRest(t)
    const sold = (await t.call(orders).list({ limit: 100 })).filter(({ status }) => status === 'shipped')
    expect(sold.length).toBeGreaterThan(10)
    expect(sold.length).toBeLessThan(30)
    expect(await onHand(t)).toBeGreaterThanOrEqual(0)
    await expectAgreement(t)
  })

  test('goes to zero, not below, when counting finds more missing than the books hold', async () => {
    await using t = await openMarket()
    const lines = [
      { sku: 'MUG', quantity: -stocked - 5 },
      { sku: 'MUG', quantity: 3 },
      { sku: 'NEW', quantity: 7 },
      { sku: 'GONE', quantity: -7 },
    ]
    expect(await t.call(inventory).adjust({ lines, reason: 'counted' })).toEqual({ adjusted: 3 })
    expect([await onHand(t, 'MUG'), await onHand(t, 'NEW'), await onHand(t, 'GONE')]).toEqual([3, 7, 0])
    expect(t.events(inventory).adjusted.map(({ data }) => [data.sku, data.quantity])).toEqual(
      expect.arrayContaining([
        ['MUG', -stocked],
        ['MUG', 3],
        ['NEW', 7],
      ]),
    )
    await t.settled()
    await expectAgreement(t)
  })
})
