import { contract } from 'banyan'
import { z } from 'zod'

// #region contract
export const seats = contract({
  name: 'seats',
  version: '1.2.0',
  owner: 'front of house',
  summary: 'Which seats of a show are free',
  commands: {
    hold: {
      summary: 'Hold seats for a booking',
      input: z.object({ bookingId: z.uuid(), show: z.string(), count: z.int().min(1).max(10) }),
      output: z.object({ left: z.int() }),
      errors: {
        soldOut: {
          status: 409,
          message: 'Only {left} seats left for {show}',
          details: z.object({ show: z.string(), left: z.int() }),
        },
      },
    },
    release: { input: z.object({ bookingId: z.uuid() }) },
  },
  queries: {
    left: {
      input: z.object({ show: z.string() }),
      output: z.int().nullable(),
      http: 'GET /shows/{show}/seats',
      access: 'public',
    },
  },
  events: {
    released: { data: z.object({ show: z.string(), count: z.int() }), key: 'show' },
  },
})
// #endregion
