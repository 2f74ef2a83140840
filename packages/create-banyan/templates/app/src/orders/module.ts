import { defineModule } from 'banyan'
import { orders } from './contract.js'

const limitMinor = 1_000_000

interface Order {
  orderId: string
  email: string
  totalMinor: number
}

/** How the promise is kept. Statements and events of one command commit together, or not at all. */
export default defineModule(orders, {
  migrations: 'src/orders/migrations',
  commands: {
    async place({ email, lines }, { sql, emit, fail, newId }) {
      const totalMinor = lines.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0)
      if (totalMinor > limitMinor) throw fail.tooExpensive({ limitMinor })
      const orderId = newId()
      await sql`insert into orders (order_id, email, total_minor) values (${orderId}, ${email}, ${totalMinor})`
      emit.placed({ orderId, email, totalMinor })
      return { orderId, totalMinor }
    },
  },
  queries: {
    async byId({ orderId }, { sql }) {
      const order = await sql<Order>`
        select order_id as "orderId", email, total_minor as "totalMinor" from orders where order_id = ${orderId}`.first()
      return order ?? null
    },
  },
})
