import { contract } from '@banyan/contract'
import { z } from 'zod'

const line = z.object({ sku: z.string(), quantity: z.number().int() })
const cart = z.object({ version: z.number().int(), open: z.boolean(), lines: z.array(line), total: z.number() })
const full = { status: 409, message: 'Full' }

/** What a command or event handler of the test does with an aggregate. */
export const carts = contract({
  name: 'carts',
  version: '1.0.0',
  commands: {
    add: {
      input: line.extend({ cartId: z.string(), times: z.number().int().default(1) }),
      output: cart,
      errors: { closed: { status: 409, message: 'The cart is closed' } },
    },
    checkOut: { input: z.object({ cartId: z.string() }), output: cart },
    open: { input: z.object({ cartId: z.string() }), output: cart },
  },
  queries: {
    show: {
      input: z.object({ cartId: z.string(), at: z.number().optional(), version: z.number().int().optional() }),
      output: cart,
    },
  },
  events: { checkedOut: { data: z.object({ cartId: z.string(), quantity: z.number().int() }), key: 'cartId' } },
})

export const courses = contract({
  name: 'courses',
  version: '1.0.0',
  commands: {
    define: { input: z.object({ courseId: z.string(), seats: z.number().int() }) },
    enrol: {
      input: z.object({ courseId: z.string(), studentId: z.string() }),
      output: z.object({ taken: z.number().int() }),
      errors: { full, tooMany: { status: 409, message: 'A student takes two courses at most' } },
    },
  },
  queries: {
    taken: { input: z.object({ courseId: z.string(), studentId: z.string() }), output: z.number().int() },
  },
})

/** Hears of carts: an aggregate that event handlers append to. */
export const sales = contract({
  name: 'sales',
  version: '1.0.0',
  queries: { total: { output: z.object({ quantity: z.number().int(), version: z.number().int() }) } },
})
