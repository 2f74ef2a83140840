import { contract } from '@banyan/contract'
import { z } from 'zod'

const stockLevel = z.object({ sku: z.string(), available: z.number().int() })

/** The contract that most tests of the gateway serve. */
export const inventory = contract({
  name: 'inventory',
  version: '1.2.0',
  owner: 'fulfilment',
  summary: 'Stock levels and reservations',
  commands: {
    reserve: {
      summary: 'Hold stock for an order',
      input: z.object({
        orderId: z.uuid(),
        lines: z.array(z.object({ sku: z.string(), quantity: z.number().int().positive() })).min(1),
      }),
      output: z.object({ reservationId: z.uuid() }),
      errors: {
        outOfStock: {
          status: 409,
          message: 'Only {available} left of {sku}',
          details: z.object({ sku: z.string(), available: z.number().int() }),
        },
        tooManyLines: z.object({ limit: z.number() }),
      },
      http: 'POST /reservations',
      access: ['order:write', 'stock:hold'],
    },
    count: {
      input: z.object({ sku: z.string(), counted: z.number().int(), note: z.string().optional() }),
      http: 'PUT /stock/{sku}/count',
      access: 'public',
    },
    sweep: { http: 'POST /sweeps', access: 'public' },
  },
  queries: {
    level: {
      input: z.object({ sku: z.string() }),
      output: stockLevel.nullable(),
      http: 'GET /stock/{sku}',
      access: 'public',
    },
    search: {
      input: z.object({
        text: z.string().optional(),
        limit: z.number().int().max(100).optional(),
        below: z.number().optional(),
        active: z.boolean().optional(),
        tags: z.array(z.string()).optional(),
        sizes: z.array(z.number()).optional(),
        order: z.union([z.literal('newest'), z.number()]).optional(),
        shelf: z.number().nullable().optional(),
      }),
      output: z.object({ items: z.array(stockLevel), total: z.number().int() }),
      http: 'GET /stock',
      access: 'public',
    },
    mine: { output: z.object({ subject: z.string() }), http: 'GET /mine' },
  },
})
