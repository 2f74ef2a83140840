import { expect, test } from 'vitest'
import { cart } from '../src/cart/contract.js'
import { catalog } from '../src/catalog/contract.js'
import { orders } from '../src/orders/contract.js'
import { atRest, customer, expectAgreement, openMarket } from './support/open-market.js'

test('products are found by part of their name, in pages', async () => {
  await using t = await openMarket()
  const many = Array.from({ length: 25 }, (_, n) => ({
    sku: `CUP-${String(n).padStart(2, '0')}`,
    name: `Cup № ${n}, 100 % clay`,
    priceMinor: 100 + n,
  }))
  expect(await t.call(catalog).addMany({ products: many })).toEqual({ added: 25 })
  expect(await t.call(catalog).addMany({ products: many })).toEqual({ added: 0 })
  const found: string[] = []
  const pages: number[] = []
  for (let after: string | undefined; ; ) {
    const page = await t.call(catalog).search({ text: 'cUP', limit: 10, ...(after === undefined ? {} : { after }) })
    pages.push(page.products.length)
    found.push(...page.products.map(({ sku }) => sku))
    if (page.next === null) break
    after = page.next
  }
  expect(pages).toEqual([10, 10, 5])
  expect(found).toEqual(many.map(({ sku }) => sku))
  expect((await t.call(catalog).search({ text: 'cup', limit: 25 })).next).toBeNull()
  expect((await t.call(catalog).search({})).products).toHaveLength(20)
  // What means something in a pattern is only a letter here.
  expect((await t.call(catalog).search({ text: '100 %', limit: 100 })).products).toHaveLength(25)
  expect((await t.call(catalog).search({ text: 'c_p' })).products).toEqual([])
  expect((await t.call(catalog).search({ text: '\\' })).products).toEqual([])
})

test('a price changes for what is ordered from then on', async () => {
  await using t = await openMarket()
  await t.call(cart).put({ cartId: 'c1', sku: 'MUG', quantity: 2 })
  await t.call(cart).put({ cartId: 'c2', sku: 'MUG', quantity: 2 })
  const early = await t.call(cart).checkout({ cartId: 'c1', ...customer, paymentMethod: 'card' })
  await t.call(catalog).changePrice({ sku: 'MUG', priceMinor: 900 })
  const late = await t.call(cart).checkout({ cartId: 'c2', ...customer, paymentMethod: 'card' })
  expect([early.totalMinor, late.totalMinor]).toEqual([1_700, 1_800])
  await atRest(t)
  expect(await t.call(orders).byId({ orderId: early.orderId })).toMatchObject({ totalMinor: 1_700, status: 'shipped' })
  expect(t.events(catalog).priceChanged.map(({ data }) => data)).toEqual([{ sku: 'MUG', priceMinor: 900 }])
  await expect(t.call(catalog).changePrice({ sku: 'GHOST', priceMinor: 1 })).rejects.toMatchObject({
    code: 'catalog.unknownProduct',
  })
  await expect(t.call(catalog).add({ sku: 'MUG', name: 'Mug', priceMinor: 1 })).rejects.toMatchObject({
    code: 'catalog.exists',
  })
  await expectAgreement(t)
})
