// #region handler
import type { CommandHandler } from 'banyan'
import { seats } from '../seats/contract.js'
import type { bookings } from './contract.js'

type Uses = { seats: typeof seats }

export const book: CommandHandler<typeof bookings, 'book', Uses> = async (
  input,
  { call, sql, emit, fail, later, newId },
) => {
  const { show, guest, count } = input
  if (count > 10) throw fail.tooMany({ most: 10 })
  const bookingId = newId()
  const held = await call.seats.hold({ bookingId, show, count }).result()
  if (!held.ok) throw fail.soldOut()
  await sql`insert into bookings (booking_id, show, guest, count) values (${bookingId}, ${show}, ${guest}, ${count})`
  emit.booked({ bookingId, show, guest, count })
  later.bookings.expire({ bookingId }, { in: '15m' })
  return { bookingId }
}
// #endregion

// #region caught
export const describe: CommandHandler<typeof bookings, 'book', Uses> = async (input, { call, newId, fail }) => {
  const bookingId = newId()
  try {
    await call.seats.hold({ bookingId, show: input.show, count: input.count })
  } catch (error) {
    if (seats.errors.soldOut.is(error) && error.details.left > 0) throw fail.tooMany({ most: error.details.left })
    throw error
  }
  return { bookingId }
}
// #endregion
