import { testApp } from '@banyan/testing'
import { expect, test } from 'vitest'
import { shop, shopFolder } from './shop/app.js'
import { mail, orders, stock } from './shop/contracts.js'

test('smoke', async () => {
  for (let i = 0; i < 4; i++) {
    const a = performance.now()
    const t = await testApp(shop, { baseFolder: shopFolder })
    const b = performance.now()
    const { orderId } = await t.call(orders).place({ customer: 'a', sku: 'sku-1', quantity: 2 })
    await t.settled()
    const c = performance.now()
    expect(t.events(orders).placed.map((e) => e.data)).toEqual([{ orderId, sku: 'sku-1', quantity: 2 }])
    expect(await t.call(mail).sent()).toEqual([{ order_id: orderId, kind: 'placed' }])
    await t.clock.advance('15m')
    expect(await t.call(mail).sent()).toHaveLength(2)
    const d = performance.now()
    const id = '0b9a3f4e-7c1d-4e53-9a63-3b8f0a6d1c2e'
    const crash = t.crash('orders', 'after-commit')
    await expect(t.call(orders, { id }).place({ customer: 'a', sku: 'sku-1', quantity: 2 })).rejects.toMatchObject({
      code: 'outcome-unknown',
    })
    await crash.happened
    const again = await t.call(orders, { id }).place({ customer: 'a', sku: 'sku-1', quantity: 2 })
    await t.settled()
    expect(t.events(orders).placed).toHaveLength(2)
    expect(await t.call(stock).level({ sku: 'sku-1' })).toBe(999996)
    const e = performance.now()
    await t.stop()
    console.log({ start: b - a, place: c - b, advance: d - c, crash: e - d, stop: performance.now() - e, again })
  }
})
