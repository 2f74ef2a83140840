import type { Shop } from '../retail/shop.js'
import { catalogue } from './catalogue.js'

const countries = ['United Kingdom', 'Germany', 'France', 'Ireland', 'Spain'] as const
const methods = ['card', 'card', 'card', 'card', 'card-twice', 'card-timeout', 'card-declined'] as const

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T

/** Puts the catalogue on sale with plenty of stock. The keys are the same at every start, so it happens once. */
export async function openShop(shop: Shop): Promise<void> {
  await shop.post('/products/batch', 'demo-products-1', { products: catalogue })
  await shop.post('/stock/receipts', 'demo-stock-1', {
    lines: catalogue.map(({ sku }) => ({ sku, quantity: 100_000 })),
  })
}

/** One visitor: fills a cart, orders it, and now and then thinks better of it. */
export async function visit(url: string, shop: Shop, visitor: string): Promise<void> {
  for (let line = 0; line < 1 + Math.floor(Math.random() * 3); line++) {
    const { sku } = pick(catalogue)
    await fetch(`${url}/carts/${visitor}/lines/${sku}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quantity: 1 + Math.floor(Math.random() * 3) }),
    })
  }
  const order = {
    customerId: `customer-${Math.floor(Math.random() * 50)}`,
    country: pick(countries),
    paymentMethod: pick(methods),
  }
  const { orderId } = (await shop.post(`/carts/${visitor}/checkout`, `checkout-${visitor}`, order)) as {
    orderId: string
  }
  if (Math.random() < 0.05)
    await fetch(`${url}/orders/${orderId}/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"changed my mind"}',
    })
}
