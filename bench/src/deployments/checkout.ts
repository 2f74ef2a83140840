import type { Answered, Asked } from './contracts.js'

/** What a checkout asks of the others, however they are reached. */
export interface ShopCalls {
  readonly catalog: { product(input: Asked<'product'>): Promise<Answered<'product'>> }
  readonly inventory: { reserve(input: Asked<'reserve'>): Promise<Answered<'reserve'>> }
  readonly payments: { authorize(input: Asked<'authorize'>): Promise<Answered<'authorize'>> }
}

/** Told how long a checkout waited for its calls, milliseconds. */
export type RecordWait = (ms: number) => void

export interface CheckedOut {
  readonly answer: Answered<'checkout'>
  readonly prices: readonly number[]
}

/**
 * The one checkout of all deployments: the prices of the products are asked at once, then the stock is reserved, then
 * the payment is authorized.
 */
export async function checkOut(
  { customerId, lines }: Asked<'checkout'>,
  orderId: string,
  calls: ShopCalls,
  record: RecordWait,
): Promise<CheckedOut> {
  const begunAt = performance.now()
  const products = await Promise.all(lines.map(({ sku }) => calls.catalog.product({ sku })))
  let totalMinor = 0
  for (const [index, { priceMinor, taxPercent }] of products.entries()) {
    const netMinor = priceMinor * (lines[index]?.quantity as number)
    totalMinor += netMinor + Math.round((netMinor * taxPercent) / 100)
  }
  const { reservationId } = await calls.inventory.reserve({ orderId, lines })
  const { paymentId, approved } = await calls.payments.authorize({ orderId, customerId, amountMinor: totalMinor })
  record(performance.now() - begunAt)
  if (!approved) throw new Error('The payment was refused')
  return { answer: { orderId, totalMinor, reservationId, paymentId }, prices: products.map((one) => one.priceMinor) }
}
