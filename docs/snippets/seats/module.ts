import { defineModule } from 'banyan'
import { seats } from './contract.js'

export default defineModule(seats, {
  migrations: 'seats/migrations',
  commands: {
    // #region hold
    async hold({ bookingId, show, count }, { sql, fail }) {
      const row = await sql<{ left: number }>`
        select seats_left as left from shows where show = ${show} for update`.first()
      const left = row?.left ?? 0
      if (left < count) throw fail.soldOut({ show, left })
      await sql`update shows set seats_left = seats_left - ${count} where show = ${show}`
      await sql`insert into holds values (${bookingId}, ${show}, ${count})`
      return { left: left - count }
    },
    // #endregion
    async release({ bookingId }, { sql, emit }) {
      const hold = await sql<{ show: string; count: number }>`
        delete from holds where booking_id = ${bookingId} returning show, count`.first()
      if (!hold) return
      await sql`update shows set seats_left = seats_left + ${hold.count} where show = ${hold.show}`
      emit.released(hold)
    },
  },
  queries: {
    async left({ show }, { sql }) {
      const row = await sql<{ left: number }>`select seats_left as left from shows where show = ${show}`.first()
      return row === null ? null : row.left
    },
  },
})
