import { contract } from '@banyan/contract'
import { z } from 'zod'

const line = z.object({ sku: z.string(), quantity: z.number().int().min(1) })
const reservation = z.object({ orderId: z.uuid(), lines: z.array(line) })

/** The contract of the design, for tests. */
export const inventory = contract({
  name: 'inventory',
  version: '1.2.0',
  owner: 'fulfilment',
  summary: 'Stock levels and reservations',
  commands: {
    reserve: {
      summary: 'Hold stock for an order',
      input: z.object({ orderId: z.uuid(), lines: z.array(line).min(1) }),
      output: z.object({ reservationId: z.uuid() }),
      errors: {
        outOfStock: {
          status: 409,
          message: 'Only {available} left of {sku}',
          details: z.object({ sku: z.string(), available: z.number().int() }),
        },
        closed: {},
      },
      http: 'POST /reservations',
      access: ['order:write'],
    },
    recount: {},
  },
  queries: {
    level: {
      input: z.object({ sku: z.string(), at: z.array(z.string()).optional() }),
      output: z.object({ sku: z.string(), available: z.number().int() }).nullable(),
      errors: { unknownSku: z.object({ sku: z.string() }) },
      http: 'GET /stock/{sku}',
      access: 'public',
      deprecated: 'levels',
    },
  },
  events: {
    reserved: { data: reservation, key: 'orderId' },
    depleted: { summary: 'Nothing left', data: z.object({ sku: z.string() }), key: 'sku', version: 2 },
  },
})
