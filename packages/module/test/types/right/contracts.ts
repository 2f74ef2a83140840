import { contract } from '@banyan/contract'
import { z } from 'zod'

const line = z.object({ sku: z.string(), quantity: z.number().int() })
const reservation = z.object({ orderId: z.uuid(), lines: z.array(line) })
const stockLevel = z.object({ sku: z.string(), available: z.number().int() })
const depleted = z.object({ sku: z.string() })
const order = z.object({ id: z.string(), customerId: z.string(), status: z.enum(['placed', 'paid']) })

export type Order = z.output<typeof order>

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
  },
  queries: { level: { input: z.object({ sku: z.string() }), output: stockLevel, http: 'GET /stock/{sku}' } },
  events: { reserved: { data: reservation, key: 'orderId' }, depleted: { data: depleted, key: 'sku' } },
})

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: {
    place: {
      input: z.object({ customerId: z.string(), lines: z.array(line) }),
      output: z.object({ orderId: z.string() }),
      errors: { tooManyLines: z.object({ limit: z.number() }) },
      http: 'POST /orders',
    },
    expire: {},
  },
  queries: {
    byId: { input: z.object({ orderId: z.string() }), output: order.nullable(), http: 'GET /orders/{orderId}' },
    all: { output: z.array(order) },
  },
  events: { placed: { data: z.object({ orderId: z.string(), lines: z.array(line) }), key: 'orderId' } },
})

export const payments = contract({
  name: 'payments',
  version: '2.0.0',
  events: { captured: { data: z.object({ orderId: z.string(), amount: z.number() }), key: 'orderId' } },
})

/** What is sent and what arrives are different types here. */
export const calendar = contract({
  name: 'calendar',
  version: '1.0.0',
  commands: {
    book: {
      input: z.object({ room: z.string().default('blue'), count: z.string().transform(Number) }),
      output: z.object({ price: z.string().transform(Number) }),
    },
    note: { input: z.string().optional() },
  },
  events: {
    booked: { data: z.object({ room: z.string(), at: z.string().transform((text) => new Date(text)) }), key: 'room' },
  },
})
