import { expect, test } from 'vitest'
import { cart } from '../src/cart/contract.js'
import { catalog } from '../src/catalog/contract.js'
import { orders } from '../src/orders/contract.js'
import { atRest, customer, expectAgreement, openMarket } from './support/open-market.js'

const checkout = { cartId: 'c1', ...customer, paymentMethod: 'card' as const }

test('P4 a cart becomes one order, however often and at once it is checked out', async () => {
  await using t = await openMarket()
  await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 2 })
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => t.call(cart).checkout(checkout)))
  await t.call(catalog).changePrice({ sku: 'MUG', priceMinor: 1 })
  for (const other of [...others, await t.call(cart).checkout(checkout)]) expect(other).toEqual(first)
  await atRest(t)
  expect(await t.call(orders).list({ customerId: 'ada' })).toMatchObject([
    { orderId: first?.orderId, totalMinor: 1_700 },
  ])
  await expect(t.call(cart).put({ cartId: 'c1', sku: 'LAMP', quantity: 1 })).rejects.toMatchObject({
    code: 'cart.closed',
  })
  await expectAgreement(t)
})

test('P4 a checkout that crashes after its order was placed is finished by the next one', async () => {
  await using t = await openMarket()
  await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 2 })
  const crash = t.crash('orders', 'after-commit', { operation: 'place' })
  await expect(t.call(cart).checkout(checkout)).rejects.toMatchObject({ code: 'outcome-unknown' })
  await crash.happened
  const { orderId } = await t.call(cart).checkout(checkout)
  expect(await t.call(cart).show({ cartId: 'c1' })).toMatchObject({ orderId })
  await atRest(t)
  expect(t.events(orders).placed.map(({ data }) => data.orderId)).toEqual([orderId])
  await expectAgreement(t)
})

test('a cart takes what is sold, in numbers that it can hold', async () => {
  await using t = await openMarket()
  await expect(t.call(cart).put({ cartId: 'c1', sku: 'GHOST', quantity: 1 })).rejects.toMatchObject({
    code: 'cart.unknownProduct',
  })
  await expect(t.call(cart).checkout(checkout)).rejects.toMatchObject({ code: 'cart.empty' })
  await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 2 })
  await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 0 })
  await expect(t.call(cart).checkout(checkout)).rejects.toMatchObject({ code: 'cart.empty' })
  const many = Array.from({ length: 101 }, (_, n) => ({ sku: `P${n}`, name: `Product ${n}`, priceMinor: 100 }))
  await t.call(catalog).addMany({ products: many })
  for (const { sku } of many.slice(0, 100)) await t.call(cart).put({ cartId: 'c1', sku, quantity: 1 })
  await expect(t.call(cart).put({ cartId: 'c1', sku: 'P100', quantity: 1 })).rejects.toMatchObject({
    code: 'cart.full',
    details: { linesAtMost: 100 },
  })
  // An empty cart that was asked to check out is open still.
  expect((await t.call(cart).checkout(checkout)).totalMinor).toBe(10_000)
})
