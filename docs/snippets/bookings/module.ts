import { defineModule } from 'banyan'
import { seats } from '../seats/contract.js'
import { book } from './book.js'
import { bookings } from './contract.js'

interface Booking {
  bookingId: string
  show: string
  guest: string
  count: number
  status: 'open' | 'confirmed' | 'expired'
}

// #region module
export default defineModule(bookings, {
  uses: { seats },
  migrations: 'bookings/migrations',
  limits: { concurrency: 32, queue: 256, deadline: '5s' },
  retention: { inbox: '2d' },
  commands: {
    book,
    async confirm({ bookingId }, { sql, emit }) {
      const confirmed = await sql<Omit<Booking, 'status'>>`
        update bookings set status = 'confirmed' where booking_id = ${bookingId} and status = 'open'
        returning booking_id as "bookingId", show, guest, count`.first()
      if (confirmed) emit.confirmed(confirmed)
    },
    async expire({ bookingId }, { call, sql, emit }) {
      const expired = await sql`
        update bookings set status = 'expired' where booking_id = ${bookingId} and status = 'open'`.run()
      if (expired === 0) return
      emit.expired({ bookingId })
      await call.seats.release({ bookingId })
    },
  },
  queries: {
    byId: ({ bookingId }, { sql }) =>
      sql<Booking>`
        select booking_id as "bookingId", show, guest, count, status from bookings
        where booking_id = ${bookingId}`.first(),
  },
})
// #endregion
