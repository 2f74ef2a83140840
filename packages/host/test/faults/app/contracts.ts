import { contract } from '@banyan/contract'
import { z } from 'zod'

const transfer = z.object({ transferId: z.uuid(), account: z.string(), amount: z.number().int().min(1) })
const moved = { data: transfer.extend({ number: z.number().int() }), key: 'account' } as const

/** Pays out, and has the other ledger take in: in every quiet moment the sums agree. */
export const left = contract({
  name: 'left',
  version: '1.0.0',
  commands: {
    transfer: {
      input: transfer,
      output: z.object({ number: z.number().int() }),
      http: 'POST /transfers',
      access: 'public',
    },
  },
  events: { moved },
})

export const right = contract({
  name: 'right',
  version: '1.0.0',
  commands: { credit: { input: transfer, output: z.object({ number: z.number().int() }) } },
  events: { moved },
})

export const mirror = contract({ name: 'mirror', version: '1.0.0' })
export const tally = contract({ name: 'tally', version: '1.0.0' })
