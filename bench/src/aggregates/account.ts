import { contract } from '@banyan/contract'
import { aggregate, defineModule } from '@banyan/module'
import { z } from 'zod'

/** What is appended: the same data for every alternative. */
export interface Booked {
  readonly cents: number
  readonly text: string
}

export interface Account {
  readonly balance: number
  readonly booked: number
}

export const emptyAccount: Account = { balance: 0, booked: 0 }

/** The state after a booking: the same for every alternative. */
export function afterBooking({ balance, booked }: Account, { cents }: Booked): Account {
  return { balance: balance + cents, booked: booked + 1 }
}

export const accounts = contract({
  name: 'accounts',
  version: '1.0.0',
  commands: {
    book: {
      input: z.object({ account: z.string(), cents: z.number().int(), text: z.string() }),
      output: z.object({ balance: z.number().int() }),
    },
  },
})

const account = aggregate({
  name: 'account',
  initial: emptyAccount,
  events: { booked: z.object({ cents: z.number().int(), text: z.string() }) },
  evolve: { booked: afterBooking },
})

/** Loads, decides, appends one event. */
export const accountsModule = defineModule(accounts, {
  limits: { concurrency: 64 },
  commands: {
    async book({ account: id, cents, text }, { load }) {
      const a = await load(account, id)
      if (a.state.balance < -1_000_000) throw new Error('The account is overdrawn')
      a.append.booked({ cents, text })
      return { balance: a.state.balance }
    },
  },
})
