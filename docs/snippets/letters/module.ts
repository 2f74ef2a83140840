import { defineModule, secret } from 'banyan'
import { z } from 'zod'
import { bookings } from '../bookings/contract.js'
import { letters } from './contract.js'
import { printer } from './printer.js'

// #region module
export default defineModule(letters, {
  uses: { printer },
  listens: { bookings },
  migrations: 'letters/migrations',
  // #region config
  config: z.object({
    SENDER: z.string().default('The theatre'),
    PRINTER_KEY: secret(),
  }),
  // #endregion
  // #region subscriptions
  subscriptions: { bookings: { from: 'beginning', attempts: 5, onDead: 'hold' } },
  // #endregion
  commands: {
    // #region retry
    async send({ bookingId, attempt }, { call, sql, later, config }) {
      const text = `${config.SENDER}: your booking ${bookingId}`
      const printed = await call.printer.print({ text, attempt }).result()
      if (!printed.ok) {
        // The answer is recorded under this id. Another attempt is another command, so it gets another id.
        if (attempt < 5) later.letters.send({ bookingId, attempt: attempt + 1 }, { in: `${attempt * 10}s` })
        return
      }
      await sql`insert into letters (booking_id, text) values (${bookingId}, ${text})`
    },
    // #endregion
  },
  queries: {
    sent: (_, { sql }) =>
      sql<{ bookingId: string; text: string }>`select booking_id as "bookingId", text from letters order by id`,
  },
  on: {
    // #region handlers
    bookings: {
      confirmed: ({ bookingId }, { later }) => {
        later.letters.send({ bookingId, attempt: 1 })
      },
      async expired({ bookingId }, { sql, event, log }) {
        log.info({ lane: event.lane, position: event.position }, 'a booking expired')
        await sql`insert into letters (booking_id, text) values (${bookingId}, 'Your seats are free again')`
      },
    },
    // #endregion
  },
})
// #endregion
