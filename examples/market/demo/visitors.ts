import type { Shop } from '../retail/shop.js'
import { catalogue } from './catalogue.js'

const countries = ['United Kingdom', 'Germany', 'France', 'Ireland', 'Spain'] as const
const methods = ['card', 'card', 'card', 'card', 'card-twice', 'card-timeout', 'card-declined'] as const
const cancelsOneIn = 20

const below = (bound: number): number => Math.floor(Math.random() * bound)
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T

/** Puts the catalogue on sale with plenty of stock. The keys are the same at every start, so it happens once. */
export async function openShop(shop: Shop): Promise<void> {
  await shop.post('/products/batch', 'demo-products-1', { products: catalogue })
  await shop.post('/stock/receipts', 'demo-stock-1', {
    lines: catalogue.map(({ sku }) => ({ sku, quantity: 100_000 })),
  })
}

/**
 * One visitor: fills a cart, orders it, and now and then thinks better of it.
 * @throws Refused, ShopAway
 */
export async function visit(shop: Shop, visitor: string): Promise<void> {
  const lines = 1 + below(3)
  for (let line = 0; line < lines; line++)
    await shop.put(`/carts/${visitor}/lines/${pick(catalogue).sku}`, { quantity: 1 + below(3) })
  const order = {
    customerId: `customer-${below(50)}`,
    country: pick(countries),
    paymentMethod: pick(methods),
  }
  const { orderId } = (await shop.post(`/carts/${visitor}/checkout`, `checkout-${visitor}`, order)) as {
    orderId: string
  }
  if (below(cancelsOneIn) > 0) return
  try {
    await shop.post(`/orders/${orderId}/cancel`, `cancel-${visitor}`, { reason: 'changed my mind' })
  } catch (error) {
    // Too late: it was shipped, or nobody would pay for it.
    if ((error as { kind?: string }).kind !== 'orders.tooLate') throw error
  }
}
