import { contract } from 'banyan'
import { z } from 'zod'

const bookingId = z.uuid()
const booking = z.object({ bookingId, show: z.string(), guest: z.string(), count: z.int() })

export const bookings = contract({
  name: 'bookings',
  version: '1.0.0',
  commands: {
    book: {
      input: z.object({ show: z.string(), guest: z.string().min(1), count: z.int().min(1) }),
      output: z.object({ bookingId }),
      errors: {
        tooMany: { status: 422, message: 'At most {most} seats', details: z.object({ most: z.int() }) },
        soldOut: { status: 409, message: 'The show is sold out' },
      },
      http: 'POST /bookings',
      access: ['booking:write'],
    },
    confirm: { input: z.object({ bookingId }), http: 'POST /bookings/{bookingId}/confirm' },
    expire: { summary: 'Give the seats back if nobody confirmed', input: z.object({ bookingId }) },
  },
  queries: {
    byId: {
      input: z.object({ bookingId }),
      output: booking.extend({ status: z.enum(['open', 'confirmed', 'expired']) }).nullable(),
      http: 'GET /bookings/{bookingId}',
      access: 'public',
    },
  },
  events: {
    booked: { data: booking, key: 'bookingId' },
    confirmed: { data: booking, key: 'bookingId' },
    expired: { data: z.object({ bookingId }), key: 'bookingId' },
  },
})
