import { defineModule } from 'banyan'
import { inventory } from '../inventory/contract.js'
import { payments } from '../payments/contract.js'
import { shipping } from '../shipping/contract.js'
import { totalOf } from '../values.js'
import { orders } from './contract.js'
import { linesOf, lockOrder, type OrderRow, orderColumns } from './read-order.js'
import { takeBack } from './take-back.js'

export default defineModule(orders, {
  listens: { inventory, payments, shipping },
  migrations: 'src/orders/migrations',
  commands: {
    async place(input, { sql, emit, fail, newId, now }) {
      const { customerId, country, paymentMethod, lines, orderId = newId(), placedAt = now().toISOString() } = input
      const totalMinor = totalOf(lines)
      const made = await sql`
        insert into orders (order_id, customer_id, country, payment_method, status, total_minor, placed_at)
        values (${orderId}, ${customerId}, ${country}, ${paymentMethod}, 'placed', ${totalMinor}, ${placedAt})
        on conflict do nothing`.run()
      if (made === 0) throw fail.exists({ orderId })
      await sql`
        insert into lines (order_id, line, sku, quantity, unit_price_minor)
        select ${orderId}, l.line, l.sku, l.quantity, l.price
        from unnest(${lines.map(({ sku }) => sku)}::text[], ${lines.map(({ quantity }) => quantity)}::bigint[],
          ${lines.map(({ unitPriceMinor }) => unitPriceMinor)}::bigint[]) with ordinality as l (sku, quantity, price, line)`
      emit.placed({ orderId, customerId, country, paymentMethod, totalMinor, placedAt, lines })
      return { orderId, totalMinor }
    },
    async cancel({ orderId, reason }, { sql, emit, fail }) {
      const order = await lockOrder(sql, orderId)
      if (!order) throw fail.unknownOrder({ orderId })
      const { status, customerId, country, totalMinor, placedAt } = order
      if (status === 'shipped' || status === 'returned' || status === 'cancelled') throw fail.tooLate({ status })
      await sql`update orders set status = 'cancelled', reason = ${reason} where order_id = ${orderId}`
      emit.cancelled({ orderId, customerId, country, reason, totalMinor, placedAt, lines: await linesOf(sql, orderId) })
    },
    giveBack: (input, context) => takeBack(input, context),
    async credit({ creditId, customerId, country, creditedAt, lines }, { sql, emit, fail }) {
      const totalMinor = totalOf(lines)
      const made = await sql`
        insert into credits values (${creditId}, ${customerId}, ${country}, ${totalMinor}, ${creditedAt}, ${sql.json(lines)})
        on conflict do nothing`.run()
      if (made === 0) throw fail.exists({ orderId: creditId })
      emit.credited({ creditId, customerId, country, totalMinor, creditedAt, lines })
      return { creditId, totalMinor }
    },
  },
  queries: {
    async byId({ orderId }, { sql }) {
      const found = await sql<OrderRow>`select ${orderColumns(sql)} from orders where order_id = ${orderId}`.first()
      return found && { ...found, lines: await linesOf(sql, orderId) }
    },
    list: ({ customerId, limit = 20 }, { sql }) =>
      sql<OrderRow>`
        select ${orderColumns(sql)} from orders where ${customerId ?? null}::text is null or customer_id = ${customerId ?? null}
        order by placed_at desc, order_id limit ${limit}`.all(),
  },
  on: {
    inventory: {
      async reserved({ orderId }, { sql, emit }) {
        const order = await sql<{ paymentMethod: 'card'; totalMinor: number }>`
          update orders set status = 'confirmed' where order_id = ${orderId} and status = 'placed'
          returning payment_method as "paymentMethod", total_minor as "totalMinor"`.first()
        if (order) emit.confirmed({ orderId, ...order })
      },
      async rejected({ orderId, sku, available }, { call }) {
        await call.orders.cancel({ orderId, reason: `only ${available} of ${sku} left` }).result()
      },
    },
    payments: {
      async captured({ orderId }, { sql, emit }) {
        const order = await sql<{ country: string }>`
          update orders set status = 'paid' where order_id = ${orderId} and status = 'confirmed' returning country`.first()
        if (order) emit.paid({ orderId, country: order.country })
      },
      async declined({ orderId }, { call }) {
        await call.orders.cancel({ orderId, reason: 'payment declined' }).result()
      },
    },
    shipping: {
      async dispatched({ orderId, trackingNumber }, { sql, emit }) {
        const order = await sql<{ customerId: string }>`
          update orders set status = 'shipped' where order_id = ${orderId} and status = 'paid'
          returning customer_id as "customerId"`.first()
        if (order) emit.shipped({ orderId, customerId: order.customerId, trackingNumber })
      },
    },
  },
})
