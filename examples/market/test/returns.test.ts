import { expect, test } from 'vitest'
import { analytics } from '../src/analytics/contract.js'
import { inventory } from '../src/inventory/contract.js'
import { orders } from '../src/orders/contract.js'
import { payments } from '../src/payments/contract.js'
import { provider } from '../src/provider/contract.js'
import { atRest, customer, expectAgreement, type Market, mugs, openMarket, stocked } from './support/open-market.js'

const lamp = { sku: 'LAMP', quantity: 1, unitPriceMinor: 6_900 }

async function shipped(t: Market, lines = [...mugs(4), lamp]): Promise<string> {
  const { orderId } = await t.call(orders).place({ ...customer, paymentMethod: 'card', lines })
  await t.settled()
  return orderId
}

const giveBack = (t: Market, orderId: string, lines: { sku: string; quantity: number }[]) =>
  t.call(orders).giveBack({ orderId, lines })

test('part of an order comes back: that much is refunded, restocked and taken from the revenue', async () => {
  await using t = await openMarket()
  const orderId = await shipped(t)
  expect(await giveBack(t, orderId, [{ sku: 'MUG', quantity: 1 }])).toEqual({ refundMinor: 850 })
  expect(await giveBack(t, orderId, [{ sku: 'MUG', quantity: 2 }])).toEqual({ refundMinor: 1_700 })
  await atRest(t)
  expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'shipped', refundedMinor: 2_550 })
  expect((await t.call(inventory).level({ sku: 'MUG' }))?.onHand).toBe(stocked - 1)
  expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'captured', refundedMinor: 2_550 })
  expect(await t.call(analytics).byCountry({})).toEqual([{ country: 'Ireland', revenueMinor: 7_750, orders: 1 }])
  const rest = [
    { sku: 'MUG', quantity: 1 },
    { sku: 'LAMP', quantity: 1 },
  ]
  expect(await giveBack(t, orderId, rest)).toEqual({ refundMinor: 7_750 })
  await atRest(t)
  expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'returned', refundedMinor: 10_300 })
  expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'refunded' })
  expect(await t.call(provider).balance()).toMatchObject({ chargedMinor: 10_300, refundedMinor: 10_300, refunds: 3 })
  await expectAgreement(t)
})

test('no more comes back than was sold, and of what is too much nothing', async () => {
  await using t = await openMarket()
  const orderId = await shipped(t)
  await giveBack(t, orderId, [{ sku: 'MUG', quantity: 1 }])
  const tooMany = [
    { sku: 'LAMP', quantity: 1 },
    { sku: 'MUG', quantity: 2 },
    { sku: 'MUG', quantity: 2 },
  ]
  await expect(giveBack(t, orderId, tooMany)).rejects.toMatchObject({
    code: 'orders.tooMany',
    message: 'Only 3 of MUG can be given back',
    details: { sku: 'MUG', left: 3 },
  })
  await expect(giveBack(t, orderId, [{ sku: 'RUG', quantity: 1 }])).rejects.toMatchObject({ details: { left: 0 } })
  await atRest(t)
  expect(t.events(orders).returned).toHaveLength(1)
  expect((await t.call(provider).balance()).refundedMinor).toBe(850)
  await expectAgreement(t)
})

test('goods sold at several prices come back at the prices they were sold for', async () => {
  await using t = await openMarket()
  const orderId = await shipped(t, [...mugs(2), { sku: 'MUG', quantity: 2, unitPriceMinor: 500 }])
  expect(await giveBack(t, orderId, [{ sku: 'MUG', quantity: 3 }])).toEqual({ refundMinor: 2_200 })
  await atRest(t)
  await expectAgreement(t)
})

test('P4 two returns of the last piece at the same time are one', async () => {
  await using t = await openMarket()
  const orderId = await shipped(t, [lamp])
  const both = await Promise.all([1, 2].map(() => giveBack(t, orderId, [{ sku: 'LAMP', quantity: 1 }]).result()))
  expect(both.filter(({ ok }) => ok)).toHaveLength(1)
  await atRest(t)
  expect((await t.call(provider).balance()).refundedMinor).toBe(6_900)
  await expectAgreement(t)
})

test('what was not shipped is not given back', async () => {
  await using t = await openMarket()
  const { orderId } = await t.call(orders).place({ ...customer, paymentMethod: 'card-twice', lines: mugs(1) })
  await expect(giveBack(t, orderId, [{ sku: 'MUG', quantity: 1 }])).rejects.toMatchObject({ code: 'orders.notShipped' })
  await expect(giveBack(t, 'nobody', [{ sku: 'MUG', quantity: 1 }])).rejects.toMatchObject({
    code: 'orders.unknownOrder',
  })
})

test('a credit note restocks and pays out, once for its number', async () => {
  await using t = await openMarket()
  await shipped(t)
  const credit = { creditId: 'C1', ...customer, creditedAt: '2026-01-05T10:00:00Z', lines: mugs(3) }
  expect(await t.call(orders).credit(credit)).toEqual({ creditId: 'C1', totalMinor: 2_550 })
  await expect(t.call(orders).credit(credit)).rejects.toMatchObject({ code: 'orders.exists' })
  await atRest(t)
  expect((await t.call(inventory).level({ sku: 'MUG' }))?.onHand).toBe(stocked - 1)
  expect((await t.call(provider).balance()).refundedMinor).toBe(2_550)
  expect((await t.call(analytics).byDay({})).at(-1)).toEqual({ day: '2026-01-05', revenueMinor: -2_550, orders: 0 })
  await expectAgreement(t)
})
