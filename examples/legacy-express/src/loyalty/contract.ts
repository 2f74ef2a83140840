import { contract } from 'banyan'
import { z } from 'zod'

const customer = z.string().min(1).max(64)

export const loyalty = contract({
  name: 'loyalty',
  version: '1.0.0',
  summary: 'Points of customers',
  commands: {
    redeem: {
      summary: 'Spend points',
      input: z.object({ customer, points: z.int().min(1) }),
      output: z.object({ left: z.int() }),
      errors: {
        notEnough: { status: 409, message: 'Only {points} points are there', details: z.object({ points: z.int() }) },
      },
      http: 'POST /points/{customer}/redemptions',
      access: 'public',
    },
  },
  queries: {
    balance: {
      summary: 'Points of a customer',
      input: z.object({ customer }),
      output: z.object({ points: z.int() }),
      http: 'GET /points/{customer}',
      access: 'public',
    },
  },
})
