import { contract } from 'banyan'
import { z } from 'zod'
import { orderLine, sku } from '../values.js'

const quantity = z.int().min(-1_000_000).max(1_000_000)
const move = z.object({ sku, quantity })

export const inventory = contract({
  name: 'inventory',
  version: '1.0.0',
  owner: 'fulfilment',
  summary: 'Stock levels and reservations',
  commands: {
    receive: {
      summary: 'Goods came in',
      input: z.object({
        lines: z
          .array(z.object({ sku, quantity: quantity.min(1) }))
          .min(1)
          .max(1_000),
      }),
      output: z.object({ received: z.int() }),
      http: 'POST /stock/receipts',
      access: 'public',
    },
    adjust: {
      summary: 'Counted, damaged, lost or found',
      input: z.object({ lines: z.array(move).min(1).max(2_000), reason: z.string().max(200) }),
      output: z.object({ adjusted: z.int() }),
      http: 'POST /stock/adjustments',
      access: 'public',
    },
  },
  queries: {
    level: {
      input: z.object({ sku }),
      output: z.object({ sku, onHand: z.int() }).nullable(),
      http: 'GET /stock/{sku}',
      access: 'public',
    },
  },
  events: {
    reserved: { data: z.object({ orderId: z.string(), units: z.int() }), key: 'orderId' },
    rejected: { data: z.object({ orderId: z.string(), sku, available: z.int() }), key: 'orderId' },
    restocked: { data: z.object({ orderId: z.string(), lines: z.array(orderLine) }), key: 'orderId' },
    adjusted: { data: z.object({ sku, quantity, reason: z.string() }), key: 'sku' },
  },
})
