import { contract } from 'banyan'
import { z } from 'zod'

const code = z.string()
const cents = z.number().int().positive()

export const vouchers = contract({
  name: 'vouchers',
  version: '1.0.0',
  summary: 'Gift vouchers of the theatre',
  commands: {
    issue: { input: z.object({ cents }), output: z.object({ code }) },
    spend: {
      input: z.object({ code, cents, show: z.string() }),
      output: z.object({ left: z.number().int() }),
      errors: { tooLittle: { status: 409, details: z.object({ left: z.number().int() }) } },
    },
    welcome: {
      input: z.object({ guest: z.string() }),
      output: z.object({ code }),
      errors: { welcomed: { status: 409, message: 'One welcome voucher for each guest' } },
    },
  },
  queries: {
    left: { input: z.object({ code, at: z.iso.datetime().optional() }), output: z.number().int() },
  },
})
