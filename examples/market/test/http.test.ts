import { expect, test } from 'vitest'
import { orders } from '../src/orders/contract.js'
import { provider } from '../src/provider/contract.js'
import { atRest, customer, expectAgreement, mugs, openMarket } from './support/open-market.js'

const body = JSON.stringify({ ...customer, paymentMethod: 'card', lines: mugs(2) })

test('P4 an order that is sent again under its key is one order', async () => {
  await using t = await openMarket()
  const send = (key: string, text = body) =>
    t.fetch('/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
      body: text,
    })
  const first = (await (await send('one')).json()) as { orderId: string; totalMinor: number }
  expect(await (await send('one')).json()).toEqual(first)
  expect((await send('one', JSON.stringify({ ...JSON.parse(body), country: 'France' }))).status).toBe(422)
  const second = (await (await send('two')).json()) as { orderId: string }
  expect(second.orderId).not.toBe(first.orderId)
  await atRest(t)
  expect(t.events(orders).placed).toHaveLength(2)
  expect((await t.call(provider).balance()).charges).toBe(2)
  await expectAgreement(t)
})

test('what is read over HTTP is what happened', async () => {
  await using t = await openMarket()
  const { orderId } = await t.call(orders).place(JSON.parse(body))
  await atRest(t)
  const read = async (path: string) => {
    const answer = await t.fetch(path)
    return answer.status === 200 ? answer.json() : answer.status
  }
  expect(await read(`/orders/${orderId}`)).toMatchObject({ status: 'shipped', totalMinor: 1_700 })
  expect(await read('/orders/nobody')).toBe(404)
  expect(await read('/orders?customerId=ada&limit=5')).toHaveLength(1)
  expect(await read(`/payments/${orderId}`)).toMatchObject({ status: 'captured' })
  expect(await read(`/shipments/${orderId}`)).toMatchObject({ status: 'dispatched' })
  expect(await read('/stock/MUG')).toEqual({ sku: 'MUG', onHand: 98 })
  expect(await read('/revenue/countries')).toEqual([{ country: 'Ireland', revenueMinor: 1_700, orders: 1 }])
  expect(await read('/products?text=lamp')).toMatchObject({ products: [{ sku: 'LAMP' }], next: null })
  expect(await read('/provider/balance')).toMatchObject({ chargedMinor: 1_700 })
  expect(await read('/customers/ada/messages')).toHaveLength(2)
})
