import { expect, test } from 'vitest'
import { inventory } from '../src/inventory/contract.js'
import { notifications } from '../src/notifications/contract.js'
import { orders } from '../src/orders/contract.js'
import { payments } from '../src/payments/contract.js'
import { provider } from '../src/provider/contract.js'
import { shipping } from '../src/shipping/contract.js'
import { atRest, customer, expectAgreement, type Market, mugs, openMarket, stocked } from './support/open-market.js'

type Method = 'card' | 'card-timeout' | 'card-twice'

async function place(t: Market, paymentMethod: Method): Promise<string> {
  return (await t.call(orders).place({ ...customer, paymentMethod, lines: mugs(2) })).orderId
}

const cancel = (t: Market, orderId: string) => t.call(orders).cancel({ orderId, reason: 'changed my mind' })

/** Nothing is left of the order but the record: stock is back, no money is kept, no parcel left. */
async function expectUndone(t: Market, orderId: string): Promise<void> {
  await atRest(t)
  expect(await t.call(orders).byId({ orderId })).toMatchObject({ status: 'cancelled', reason: 'changed my mind' })
  expect((await t.call(inventory).level({ sku: 'MUG' }))?.onHand).toBe(stocked)
  const { chargedMinor, refundedMinor } = await t.call(provider).balance()
  expect(chargedMinor - refundedMinor).toBe(0)
  expect((await t.call(shipping).track({ orderId }))?.status ?? 'none').not.toBe('dispatched')
  expect((await t.call(notifications).ofCustomer({ customerId: 'ada' }))[0]?.subject).toContain('was cancelled')
  await expectAgreement(t)
}

type Moment = () => readonly { key: string }[]

/** Waits until an event of the order is published, without waiting for what comes of it. */
async function published(events: Moment, orderId: string): Promise<void> {
  await expect.poll(() => events().some(({ key }) => key === orderId), { interval: 1 }).toBe(true)
}

test('an order that was just placed is cancelled, before or after its stock was reserved', async () => {
  await using t = await openMarket()
  const orderId = await place(t, 'card-timeout')
  await cancel(t, orderId)
  await expectUndone(t, orderId)
  expect((await t.call(provider).balance()).charges).toBe(0)
})

test('an order whose charge waits for its second attempt is cancelled, and never charged', async () => {
  await using t = await openMarket()
  const orderId = await place(t, 'card-timeout')
  await t.settled()
  await cancel(t, orderId)
  await expectUndone(t, orderId)
  expect((await t.call(provider).balance()).charges).toBe(0)
  expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'cancelled' })
})

test('money that comes in after the cancellation goes back', async () => {
  await using t = await openMarket()
  const orderId = await place(t, 'card-twice')
  await t.settled()
  // The provider has charged, and has not told yet.
  expect((await t.call(provider).balance()).charges).toBe(1)
  await cancel(t, orderId)
  await t.settled()
  expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'cancelled', refundedMinor: 0 })
  await expectUndone(t, orderId)
  expect(await t.call(payments).ofOrder({ orderId })).toMatchObject({ status: 'refunded', refundedMinor: 1_700 })
  expect(t.events(payments).refunded).toHaveLength(1)
})

test('P3 an order that is paid is cancelled until its parcel leaves: whoever comes first decides, and all follow', async () => {
  await using t = await openMarket()
  const moments: Moment[] = [
    () => t.events(orders).placed,
    () => t.events(orders).confirmed,
    () => t.events(orders).paid,
    () => t.events(shipping).packed,
  ]
  const outcomes = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const orderId = await place(t, 'card')
    await published(moments[round % moments.length] as Moment, orderId)
    const cancelled = await t.call(orders).cancel({ orderId, reason: 'changed my mind' }).result()
    await t.settled()
    const order = await t.call(orders).byId({ orderId })
    expect(order?.status).toBe(cancelled.ok ? 'cancelled' : 'shipped')
    if (!cancelled.ok) expect(cancelled.error.code).toBe('orders.tooLate')
    expect((await t.call(shipping).track({ orderId }))?.status ?? 'none').not.toBe('packed')
    outcomes.add(order?.status ?? '')
  }
  await atRest(t)
  await expectAgreement(t)
  expect(outcomes).toContain('cancelled')
})

test('a shipped, a cancelled and an unknown order are not cancelled', async () => {
  await using t = await openMarket()
  const shipped = await place(t, 'card')
  await t.settled()
  await expect(cancel(t, shipped)).rejects.toMatchObject({ code: 'orders.tooLate', details: { status: 'shipped' } })
  const gone = await place(t, 'card-twice')
  await cancel(t, gone)
  await expect(cancel(t, gone)).rejects.toMatchObject({ code: 'orders.tooLate', details: { status: 'cancelled' } })
  await expect(cancel(t, 'nobody')).rejects.toMatchObject({ code: 'orders.unknownOrder' })
  await atRest(t)
  expect(t.events(orders).cancelled).toHaveLength(1)
  await expectAgreement(t)
})
