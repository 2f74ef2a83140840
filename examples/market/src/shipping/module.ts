import { defineModule } from 'banyan'
import { orders } from '../orders/contract.js'
import { shipping } from './contract.js'

export default defineModule(shipping, {
  listens: { orders },
  migrations: 'src/shipping/migrations',
  queries: {
    track: ({ orderId }, { sql }) =>
      sql<{ orderId: string; trackingNumber: string; country: string }>`
        select order_id as "orderId", tracking_number as "trackingNumber", country from shipments where order_id = ${orderId}`.first(),
  },
  on: {
    orders: {
      async paid({ orderId, country }, { sql, emit, newId }) {
        const trackingNumber = `BN${newId().replaceAll('-', '').slice(-16).toUpperCase()}`
        await sql`insert into shipments values (${orderId}, ${trackingNumber}, ${country})`
        emit.dispatched({ orderId, trackingNumber, country })
      },
    },
  },
})
