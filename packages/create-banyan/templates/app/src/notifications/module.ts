import { defineModule } from 'banyan'
import { orders } from '../orders/contract.js'
import { notifications } from './contract.js'

interface Message {
  messageId: string
  text: string
  read: boolean
}

/** Has data of its own, and learns of orders by their events only. */
export default defineModule(notifications, {
  listens: { orders },
  migrations: 'src/notifications/migrations',
  commands: {
    async markRead({ messageId }, { sql, fail }) {
      const message =
        await sql`update messages set read = true where message_id = ${messageId} returning message_id`.first()
      if (!message) throw fail.unknownMessage()
    },
  },
  queries: {
    list: ({ email }, { sql }) =>
      sql<Message>`select message_id as "messageId", text, read from messages where email = ${email} order by message_id`,
  },
  on: {
    orders: {
      // Exactly one effect for each event, whatever is killed and when.
      async placed({ orderId, email, totalMinor }, { sql, newId }) {
        const text = `Thank you for order ${orderId} over ${(totalMinor / 100).toFixed(2)}`
        await sql`insert into messages (message_id, email, text) values (${newId()}, ${email}, ${text})`
      },
    },
  },
})
