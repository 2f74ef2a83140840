import { contract } from 'banyan'
import { z } from 'zod'
import { moneyMinor, paymentMethod } from '../values.js'

const orderId = z.string()
const status = z.enum(['pending', 'captured', 'declined', 'cancelled', 'refunded'])

export const payments = contract({
  name: 'payments',
  version: '1.0.0',
  owner: 'finance',
  summary: 'Money in and out',
  commands: {
    charge: {
      summary: 'Try to charge an order that waits for its money',
      input: z.object({ orderId, attempt: z.int().min(1) }),
    },
    payOut: {
      summary: 'Give money back through the provider',
      input: z.object({ refundId: z.string(), amountMinor: moneyMinor }),
    },
  },
  queries: {
    pending: {
      summary: 'A payment that waits for its money',
      input: z.object({ orderId }),
      output: z.object({ method: paymentMethod, amountMinor: moneyMinor }).nullable(),
    },
    ofOrder: {
      input: z.object({ orderId }),
      output: z.object({ orderId, status, amountMinor: moneyMinor, refundedMinor: moneyMinor }).nullable(),
      http: 'GET /payments/{orderId}',
      access: 'public',
    },
  },
  events: {
    captured: { data: z.object({ orderId, amountMinor: moneyMinor }), key: 'orderId' },
    declined: { data: z.object({ orderId, amountMinor: moneyMinor }), key: 'orderId' },
    refunded: { data: z.object({ orderId, refundId: z.string(), amountMinor: moneyMinor }), key: 'orderId' },
  },
})
