import { defineModule, type Sql } from 'banyan'
import { orders } from '../orders/contract.js'
import { notifications } from './contract.js'

/** Exactly one message per event: it is written in the transaction that moves the subscription on. */
async function tell(sql: Sql, customerId: string, orderId: string, subject: string): Promise<void> {
  await sql`insert into messages (customer_id, order_id, subject) values (${customerId}, ${orderId}, ${subject})`.send()
}

export default defineModule(notifications, {
  listens: { orders },
  migrations: 'src/notifications/migrations',
  queries: {
    ofCustomer: ({ customerId, limit = 20 }, { sql }) =>
      sql<{ subject: string; orderId: string }>`
        select subject, order_id as "orderId" from messages where customer_id = ${customerId} order by id desc limit ${limit}`.all(),
  },
  on: {
    orders: {
      placed: ({ customerId, orderId }, { sql }) => tell(sql, customerId, orderId, `We have your order ${orderId}`),
      shipped: ({ customerId, orderId, trackingNumber }, { sql }) =>
        tell(sql, customerId, orderId, `Your order ${orderId} is on its way: ${trackingNumber}`),
      cancelled: ({ customerId, orderId, reason }, { sql }) =>
        tell(sql, customerId, orderId, `Your order ${orderId} was cancelled: ${reason}`),
    },
  },
})
