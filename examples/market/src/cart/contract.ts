import { contract } from 'banyan'
import { z } from 'zod'
import { moneyMinor, orderLine, paymentMethod, sku } from '../values.js'

const cartId = z.string().min(1).max(64)
const empty = { status: 409, message: 'The cart is empty' }

export const cart = contract({
  name: 'cart',
  version: '1.0.0',
  owner: 'storefront',
  summary: 'What a visitor is about to order',
  commands: {
    put: {
      summary: 'Set how many of a product are in the cart; 0 takes it out',
      input: z.object({ cartId, sku, quantity: z.int().min(0).max(99) }),
      errors: {
        unknownProduct: { status: 404, message: 'There is no product {sku}', details: z.object({ sku }) },
        closed: { status: 409, message: 'The cart was ordered already' },
        full: {
          status: 409,
          message: 'A cart holds {linesAtMost} different products at most',
          details: z.object({ linesAtMost: z.int() }),
        },
      },
      http: 'PUT /carts/{cartId}/lines/{sku}',
      access: 'public',
    },
    close: {
      summary: 'Take no more into the cart; again gives the same',
      input: z.object({ cartId }),
      output: z.object({ orderId: z.string(), lines: z.array(z.object({ sku, quantity: z.int() })) }),
      errors: { empty },
    },
    checkout: {
      summary: 'Order what is in the cart, at today’s prices',
      input: z.object({
        cartId,
        customerId: z.string().min(1).max(64),
        country: z.string().min(1).max(60),
        paymentMethod,
      }),
      output: z.object({ orderId: z.string(), totalMinor: moneyMinor }),
      errors: { empty },
      http: 'POST /carts/{cartId}/checkout',
      access: 'public',
    },
  },
  queries: {
    show: {
      input: z.object({ cartId }),
      output: z.object({ cartId, orderId: z.string().nullable(), totalMinor: moneyMinor, lines: z.array(orderLine) }),
      http: 'GET /carts/{cartId}',
      access: 'public',
    },
  },
})
