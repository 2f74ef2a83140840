import type { Answered, Asked } from './contracts.js'

const products = new Map(
  Array.from({ length: 500 }, (_, number): [string, Answered<'product'>] => [
    `sku-${number}`,
    { sku: `sku-${number}`, name: `Product ${number}`, priceMinor: 100 + number, taxPercent: 19 },
  ]),
)

/** What the handlers of the mix without SQL do. */
export function product({ sku }: Asked<'product'>): Answered<'product'> {
  const found = products.get(sku)
  if (!found) throw new Error(`There is no ${sku}`)
  return found
}

export function reserve({ lines }: Asked<'reserve'>, reservationId: string): Answered<'reserve'> {
  return { reservationId, units: unitsOf(lines) }
}

export function authorize({ amountMinor }: Asked<'authorize'>, paymentId: string): Answered<'authorize'> {
  return { paymentId, approved: amountMinor < 100_000_000 }
}

export function unitsOf(lines: Asked<'reserve'>['lines']): number {
  let units = 0
  for (const { quantity } of lines) units += quantity
  return units
}
