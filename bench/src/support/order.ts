import { z } from 'zod'

/** The order that claims work on: three lines, as an average basket has. */
export const orderInput = z.object({
  orderId: z.uuid(),
  customerId: z.string().min(1),
  lines: z
    .array(
      z.object({ sku: z.string().min(1), quantity: z.number().int().positive(), priceMinor: z.number().int().min(0) }),
    )
    .min(1)
    .max(100),
})

export const orderOutput = z.object({ orderId: z.uuid(), totalMinor: z.number().int() })

export type Order = z.output<typeof orderInput>
export type Priced = z.output<typeof orderOutput>

/** What every alternative does with an order. */
export function price(order: Order): Priced {
  let totalMinor = 0
  for (const { quantity, priceMinor } of order.lines) totalMinor += quantity * priceMinor
  return { orderId: order.orderId, totalMinor }
}

/** Orders that differ, so that nothing is computed once for all. The same in every run. */
export function sampleOrders(count: number): Order[] {
  return Array.from({ length: count }, (_, index) => ({
    orderId: `01890a5d-ac96-774b-bcce-${(0xb302099a8057 + index).toString(16)}`,
    customerId: `customer-${index % 7}`,
    lines: [1, 2, 3].map((line) => ({
      sku: `sku-${(index * 3 + line) % 500}`,
      quantity: line,
      priceMinor: 100 * line + index,
    })),
  }))
}
