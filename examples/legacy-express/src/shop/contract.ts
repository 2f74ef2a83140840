import { contract } from 'banyan'
import { z } from 'zod'

/** What the shop tells modules. It has no operations yet: those are still routes of Express. */
export const shop = contract({
  name: 'shop',
  version: '1.0.0',
  summary: 'What happens in the shop that was there before',
  events: {
    orderPlaced: {
      data: z.object({ orderId: z.int(), customer: z.string(), totalMinor: z.int() }),
      key: 'customer',
    },
  },
})
