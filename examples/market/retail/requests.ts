import type { Document, RetailPlan } from './classify.js'
import { paymentMethodOf } from './method.js'
import type { Shop } from './shop.js'

const atOnce = 500
const nameLength = 200
const receiptAtMost = 1_000_000

/** The request that a document stands for. */
export function requestOf(document: Document): [path: string, body: unknown] {
  if (document.kind === 'adjustment')
    return ['/stock/adjustments', { reason: document.reason.slice(0, nameLength), lines: document.lines }]
  const { id, customer: customerId, country, at, lines } = document
  return document.kind === 'credit'
    ? ['/credits', { creditId: id, customerId, country, creditedAt: at, lines }]
    : ['/orders', { orderId: id, customerId, country, placedAt: at, paymentMethod: paymentMethodOf(id), lines }]
}

/** Products and opening stock. Repeating it changes nothing: the keys are the same. */
export async function openWith(shop: Shop, plan: RetailPlan): Promise<void> {
  const products = [...plan.products].map(([sku, { name, priceMinor }]) => ({
    sku,
    name: name.slice(0, nameLength),
    priceMinor,
  }))
  for (let at = 0; at < products.length; at += atOnce)
    await shop.post('/products/batch', `products-${at}`, { products: products.slice(at, at + atOnce) })
  const lines = [...plan.opening].flatMap(([sku, quantity]) => receipts(sku, quantity))
  for (let at = 0; at < lines.length; at += atOnce)
    await shop.post('/stock/receipts', `opening-${at}`, { lines: lines.slice(at, at + atOnce) })
}

function receipts(sku: string, quantity: number): { sku: string; quantity: number }[] {
  const lines: { sku: string; quantity: number }[] = []
  for (let open = quantity; open > 0; open -= receiptAtMost)
    lines.push({ sku, quantity: Math.min(open, receiptAtMost) })
  return lines
}
