import { contract } from '@banyan/contract'
import { z } from 'zod'

export const stock = contract({
  name: 'stock',
  version: '1.0.0',
  commands: {
    reserve: {
      input: z.object({ orderId: z.uuid(), sku: z.string(), quantity: z.number().int().min(1) }),
      output: z.object({ left: z.number().int() }),
      errors: {
        outOfStock: { status: 409, message: 'Only {left} left', details: z.object({ left: z.number().int() }) },
      },
    },
  },
  queries: { level: { input: z.object({ sku: z.string() }), output: z.number().int().nullable() } },
})

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: {
    place: {
      input: z.object({ customer: z.string(), sku: z.string(), quantity: z.number().int().min(1) }),
      output: z.object({ orderId: z.uuid() }),
      errors: { tooMany: { status: 422, message: 'At most {most}', details: z.object({ most: z.number().int() }) } },
      http: 'POST /orders',
      access: ['order:write'],
    },
    cancel: { input: z.object({ orderId: z.uuid() }) },
  },
  queries: {
    byId: {
      input: z.object({ orderId: z.uuid() }),
      output: z.object({ status: z.string(), sku: z.string(), quantity: z.number().int() }).nullable(),
      http: 'GET /orders/{orderId}',
      access: 'public',
    },
  },
  events: {
    placed: { data: z.object({ orderId: z.uuid(), sku: z.string(), quantity: z.number().int() }), key: 'sku' },
    cancelled: { data: z.object({ orderId: z.uuid(), sku: z.string() }), key: 'sku' },
  },
})

export const mail = contract({
  name: 'mail',
  version: '1.0.0',
  commands: { remind: { input: z.object({ orderId: z.uuid() }) } },
  queries: { sent: { output: z.array(z.object({ order_id: z.uuid(), kind: z.string() })) } },
})
