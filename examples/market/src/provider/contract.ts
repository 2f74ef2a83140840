import { contract } from 'banyan'
import { z } from 'zod'
import { moneyMinor, paymentMethod } from '../values.js'

const chargeId = z.string()

export const provider = contract({
  name: 'provider',
  version: '1.0.0',
  owner: 'simulation',
  summary: 'Stands for a payment provider: it declines, times out, answers late and twice, and never charges twice',
  commands: {
    charge: {
      input: z.object({ chargeId, method: paymentMethod, amountMinor: moneyMinor, attempt: z.int().min(1) }),
      output: z.object({ status: z.enum(['succeeded', 'pending']) }),
      errors: {
        declined: { status: 402, message: 'The card was declined' },
        timeout: { status: 504, message: 'The provider did not answer in time' },
      },
    },
    refund: { input: z.object({ refundId: z.string(), amountMinor: moneyMinor }) },
    tell: {
      summary: 'Answer a charge late',
      input: z.object({ chargeId, copy: z.int() }),
    },
  },
  queries: {
    balance: {
      summary: 'What the provider holds for the shop',
      output: z.object({ chargedMinor: moneyMinor, refundedMinor: moneyMinor, charges: z.int(), refunds: z.int() }),
      http: 'GET /provider/balance',
      access: 'public',
    },
  },
  events: { answered: { data: z.object({ chargeId, copy: z.int() }), key: 'chargeId' } },
})
