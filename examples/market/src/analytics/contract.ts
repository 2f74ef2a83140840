import { contract } from 'banyan'
import { z } from 'zod'
import { moneyMinor } from '../values.js'

const limit = z.int().min(1).max(1_000).optional()

export const analytics = contract({
  name: 'analytics',
  version: '1.0.0',
  owner: 'finance',
  summary: 'Revenue by day, country and product, made from events',
  queries: {
    byDay: {
      input: z.object({ limit }),
      output: z.array(z.object({ day: z.string(), revenueMinor: moneyMinor, orders: z.int() })),
      http: 'GET /revenue/days',
      access: 'public',
    },
    byCountry: {
      input: z.object({ limit }),
      output: z.array(z.object({ country: z.string(), revenueMinor: moneyMinor, orders: z.int() })),
      http: 'GET /revenue/countries',
      access: 'public',
    },
    byProduct: {
      input: z.object({ limit }),
      output: z.array(z.object({ sku: z.string(), revenueMinor: moneyMinor, units: z.int() })),
      http: 'GET /revenue/products',
      access: 'public',
    },
  },
})
