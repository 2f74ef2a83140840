import { contract } from 'banyan'
import { z } from 'zod'

export const notifications = contract({
  name: 'notifications',
  version: '1.0.0',
  owner: 'storefront',
  summary: 'What customers are told',
  queries: {
    ofCustomer: {
      input: z.object({ customerId: z.string(), limit: z.int().min(1).max(100).optional() }),
      output: z.array(z.object({ subject: z.string(), orderId: z.string() })),
      http: 'GET /customers/{customerId}/messages',
      access: 'public',
    },
  },
})
