import { contract } from 'banyan'
import { z } from 'zod'

const line = z.object({
  sku: z.string().min(1).max(40),
  quantity: z.int().min(1).max(999),
  unitPriceMinor: z.int().min(0),
})

const order = z.object({ orderId: z.string(), email: z.string(), totalMinor: z.int() })

/** What this module promises to everybody else: pure data, no code of the module itself. */
export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  summary: 'Orders of customers',
  commands: {
    place: {
      summary: 'Place an order',
      input: z.object({ email: z.email(), lines: z.array(line).min(1).max(100) }),
      output: z.object({ orderId: z.string(), totalMinor: z.int() }),
      errors: {
        tooExpensive: {
          status: 409,
          message: 'An order may cost {limitMinor} at the most',
          details: z.object({ limitMinor: z.int() }),
        },
      },
      http: 'POST /orders',
      access: 'public',
    },
  },
  queries: {
    byId: {
      summary: 'One order',
      input: z.object({ orderId: z.string() }),
      output: order.nullable(),
      http: 'GET /orders/{orderId}',
      access: 'public',
    },
  },
  events: {
    placed: { data: order, key: 'orderId' },
  },
})
