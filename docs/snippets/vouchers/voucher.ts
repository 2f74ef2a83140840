// #region aggregate
import { aggregate } from 'banyan'
import { z } from 'zod'

const cents = z.number().int().positive()

export const voucher = aggregate({
  name: 'voucher',
  initial: { left: 0, shows: [] as string[] },
  events: { issued: z.object({ cents }), spent: z.object({ cents, show: z.string() }) },
  evolve: {
    issued: (state, { cents }) => ({ ...state, left: state.left + cents }),
    spent: (state, { cents, show }) => ({ left: state.left - cents, shows: [...state.shows, show] }),
  },
  snapshots: { every: 100 },
})
// #endregion
