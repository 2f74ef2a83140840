import { defineModule } from 'banyan'
import { shop } from '../shop/contract.js'
import { loyalty } from './contract.js'

interface Balance {
  points: number
}

const minorPerPoint = 100

export default defineModule(loyalty, {
  listens: { shop },
  migrations: 'src/loyalty/migrations',
  commands: {
    async redeem({ customer, points }, { sql, fail }) {
      const held = await sql<Balance>`select points from balances where customer = ${customer} for update`.first()
      if (!held || held.points < points) throw fail.notEnough({ points: held?.points ?? 0 })
      const left = held.points - points
      await sql`update balances set points = ${left} where customer = ${customer}`
      return { left }
    },
  },
  queries: {
    async balance({ customer }, { sql }) {
      const held = await sql<Balance>`select points from balances where customer = ${customer}`.first()
      return { points: held?.points ?? 0 }
    },
  },
  on: {
    shop: {
      async orderPlaced({ customer, totalMinor }, { sql }) {
        const points = Math.floor(totalMinor / minorPerPoint)
        await sql`
          insert into balances (customer, points) values (${customer}, ${points})
          on conflict (customer) do update set points = balances.points + excluded.points`
      },
    },
  },
})
