import { defineModule } from 'banyan'
import { orders } from '../orders/contract.js'
import { shipping } from './contract.js'

interface Shipment {
  orderId: string
  trackingNumber: string
  country: string
  status: 'packed' | 'dispatched' | 'unpacked'
}

/** A parcel is packed when an order is paid, and leaves when the order says so: until then it can be cancelled. */
export default defineModule(shipping, {
  listens: { orders },
  migrations: 'src/shipping/migrations',
  queries: {
    track: ({ orderId }, { sql }) =>
      sql<Shipment>`
        select order_id as "orderId", tracking_number as "trackingNumber", country, status
        from shipments where order_id = ${orderId}`.first(),
  },
  on: {
    orders: {
      async paid({ orderId, country }, { sql, emit, newId }) {
        const trackingNumber = `BN${newId().replaceAll('-', '').slice(-16).toUpperCase()}`
        await sql`insert into shipments values (${orderId}, ${trackingNumber}, ${country}, 'packed')`.send()
        emit.packed({ orderId, trackingNumber, country })
      },
      async shipped({ orderId }, { sql }) {
        await sql`update shipments set status = 'dispatched' where order_id = ${orderId}`.send()
      },
      async cancelled({ orderId }, { sql }) {
        await sql`update shipments set status = 'unpacked' where order_id = ${orderId}`.send()
      },
    },
  },
})
