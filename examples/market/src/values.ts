import { z } from 'zod'

/** Money in minor units (pence): whole numbers, never fractions. */
export const moneyMinor = z.int()

/** What one piece of a product costs. */
export const priceMinor = z.int().min(0).max(100_000_000)

/** No order comes to more: sums of many orders stay far within what a number holds exactly. */
export const totalAtMostMinor = 1_000_000_000_000

export const sku = z.string().min(1).max(40)

/** A line of an order, at the price that was agreed. */
export const orderLine = z.object({
  sku,
  quantity: z.int().min(1).max(1_000_000),
  unitPriceMinor: priceMinor,
})
export type OrderLine = z.infer<typeof orderLine>

export const orderLines = z.array(orderLine).min(1).max(2_000)

/** What lines come to. */
export function totalOf(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)
}

/** How a payment is made. Those beginning with `card-` make the provider's simulator misbehave. */
export const paymentMethod = z.enum(['card', 'card-declined', 'card-timeout', 'card-twice'])
