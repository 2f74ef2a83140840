import { testApp } from 'banyan/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { app } from '../src/app.js'
import { notifications } from '../src/notifications/contract.js'
import { orders } from '../src/orders/contract.js'

const start = () => testApp(app)
let t: Awaited<ReturnType<typeof start>>

beforeAll(async () => {
  t = await start()
})
afterAll(() => t?.stop())

test('an order is kept, published, and told to its customer once', async () => {
  const email = 'ada@example.org'
  const { orderId, totalMinor } = await t
    .call(orders)
    .place({ email, lines: [{ sku: 'tea', quantity: 2, unitPriceMinor: 450 }] })
  expect(totalMinor).toBe(900)
  expect(await t.call(orders).byId({ orderId })).toEqual({ orderId, email, totalMinor: 900 })

  await t.settled() // every event is handled
  expect(t.events(orders).placed).toHaveLength(1)
  const messages = await t.call(notifications).list({ email })
  expect(messages.map(({ text }) => text)).toEqual([`Thank you for order ${orderId} over 9.00`])
})

test('an order that is too expensive leaves nothing behind', async () => {
  const placed = t.events(orders).placed.length
  const lines = [{ sku: 'gold', quantity: 999, unitPriceMinor: 5_000_000 }]
  await expect(t.call(orders).place({ email: 'ada@example.org', lines })).rejects.toThrow(
    'may cost 1000000 at the most',
  )
  await t.settled()
  expect(t.events(orders).placed).toHaveLength(placed)
})
