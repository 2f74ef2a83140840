import { contract } from 'banyan'
import { z } from 'zod'
import { moneyMinor, orderLine, orderLines, paymentMethod } from '../values.js'

const orderId = z.string().min(1).max(64)
const customerId = z.string().min(1).max(64)
const country = z.string().min(1).max(60)
const status = z.enum(['placed', 'confirmed', 'paid', 'shipped', 'cancelled', 'returned'])

const unknownOrder = { status: 404, message: 'There is no order {orderId}', details: z.object({ orderId }) }
const tooMuch = {
  status: 422,
  message: 'It may come to {atMostMinor} at most',
  details: z.object({ atMostMinor: moneyMinor }),
}
const exists = { status: 409, message: 'The number {orderId} is taken', details: z.object({ orderId }) }

export const order = z.object({
  orderId,
  customerId,
  country,
  status,
  totalMinor: moneyMinor,
  refundedMinor: moneyMinor,
  placedAt: z.iso.datetime(),
  reason: z.string().nullable(),
  lines: z.array(orderLine),
})

const placed = z.object({
  orderId,
  customerId,
  country,
  paymentMethod,
  totalMinor: moneyMinor,
  placedAt: z.iso.datetime(),
  lines: orderLines,
})

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  owner: 'sales',
  summary: 'Orders from placing to the end',
  commands: {
    place: {
      summary: 'Order goods at the prices given',
      input: z.object({
        customerId,
        country,
        paymentMethod,
        lines: orderLines,
        /** For orders that were made elsewhere before: their number and their time. */
        orderId: orderId.optional(),
        placedAt: z.iso.datetime().optional(),
      }),
      output: z.object({ orderId, totalMinor: moneyMinor }),
      errors: { exists, tooMuch },
      http: 'POST /orders',
      access: 'public',
    },
    cancel: {
      summary: 'Cancel an order that was not shipped',
      input: z.object({ orderId, reason: z.string().min(1).max(200) }),
      errors: {
        unknownOrder,
        tooLate: { status: 409, message: 'The order is {status} already', details: z.object({ status }) },
      },
      http: 'POST /orders/{orderId}/cancel',
      access: 'public',
    },
    giveBack: {
      summary: 'Goods of a shipped order came back: restock and refund',
      input: z.object({
        orderId,
        lines: z
          .array(z.object({ sku: z.string(), quantity: z.int().min(1) }))
          .min(1)
          .max(500),
      }),
      output: z.object({ refundMinor: moneyMinor }),
      errors: {
        unknownOrder,
        notShipped: { status: 409, message: 'The order is {status}', details: z.object({ status }) },
        tooMany: {
          status: 422,
          message: 'Only {left} of {sku} can be given back',
          details: z.object({ sku: z.string(), left: z.int() }),
        },
      },
      http: 'POST /orders/{orderId}/returns',
      access: 'public',
    },
    credit: {
      summary: 'A credit note for goods of an order that is not known by number',
      input: z.object({ creditId: orderId, customerId, country, creditedAt: z.iso.datetime(), lines: orderLines }),
      output: z.object({ creditId: orderId, totalMinor: moneyMinor }),
      errors: { exists, tooMuch },
      http: 'POST /credits',
      access: 'public',
    },
  },
  queries: {
    byId: { input: z.object({ orderId }), output: order.nullable(), http: 'GET /orders/{orderId}', access: 'public' },
    list: {
      summary: 'Orders, newest first',
      input: z.object({ customerId: customerId.optional(), limit: z.int().min(1).max(100).optional() }),
      output: z.array(order.omit({ lines: true })),
      http: 'GET /orders',
      access: 'public',
    },
  },
  events: {
    placed: { data: placed, key: 'orderId' },
    confirmed: { data: z.object({ orderId, paymentMethod, totalMinor: moneyMinor }), key: 'orderId' },
    paid: { data: z.object({ orderId, country }), key: 'orderId' },
    shipped: { data: z.object({ orderId, customerId, trackingNumber: z.string() }), key: 'orderId' },
    cancelled: {
      data: z.object({
        orderId,
        customerId,
        country,
        reason: z.string(),
        totalMinor: moneyMinor,
        placedAt: z.iso.datetime(),
        lines: orderLines,
      }),
      key: 'orderId',
    },
    returned: {
      data: z.object({
        orderId,
        returnId: z.string(),
        country,
        refundMinor: moneyMinor,
        placedAt: z.iso.datetime(),
        lines: orderLines,
      }),
      key: 'orderId',
    },
    credited: {
      data: z.object({
        creditId: orderId,
        customerId,
        country,
        totalMinor: moneyMinor,
        creditedAt: z.iso.datetime(),
        lines: orderLines,
      }),
      key: 'creditId',
    },
  },
})
