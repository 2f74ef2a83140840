import { defineModule } from 'banyan'
import { inventory } from '../inventory/contract.js'
import { payments } from '../payments/contract.js'
import { shipping } from '../shipping/contract.js'
import { totalAtMostMinor, totalOf } from '../values.js'
import { cancelOrder } from './cancel-order.js'
import { orders } from './contract.js'
import { linesOf, type OrderRow, orderColumns } from './read-order.js'
import { takeBack } from './take-back.js'

/**
 * The one owner of what becomes of an order. What others report (stock reserved, money captured, parcel packed) moves an
 * order on only from the status before; after a cancellation it changes nothing, and the others undo what they did when
 * they hear of it.
 */
export default defineModule(orders, {
  listens: { inventory, payments, shipping },
  migrations: 'src/orders/migrations',
  commands: {
    async place(input, { sql, emit, fail, newId, now }) {
      const { customerId, country, paymentMethod, lines, orderId = newId(), placedAt = now().toISOString() } = input
      const totalMinor = totalOf(lines)
      if (totalMinor > totalAtMostMinor) throw fail.tooMuch({ atMostMinor: totalAtMostMinor })
      const made = await sql`
        with made as (
          insert into orders (order_id, customer_id, country, payment_method, status, total_minor, placed_at)
          values (${orderId}, ${customerId}, ${country}, ${paymentMethod}, 'placed', ${totalMinor}, ${placedAt})
          on conflict do nothing returning order_id
        )
        insert into lines (order_id, line, sku, quantity, unit_price_minor)
        select order_id, l.line, l.sku, l.quantity, l.price
        from made, unnest(${lines.map(({ sku }) => sku)}::text[], ${lines.map(({ quantity }) => quantity)}::bigint[],
          ${lines.map(({ unitPriceMinor }) => unitPriceMinor)}::bigint[]) with ordinality as l (sku, quantity, price, line)`.run()
      if (made === 0) throw fail.exists({ orderId })
      emit.placed({ orderId, customerId, country, paymentMethod, totalMinor, placedAt, lines })
      return { orderId, totalMinor }
    },
    async cancel({ orderId, reason }, { sql, emit, fail }) {
      const became = await cancelOrder(sql, emit, { orderId, reason })
      if (became === 'unknown') throw fail.unknownOrder({ orderId })
      if (became !== 'cancelled') throw fail.tooLate({ status: became.tooLate })
    },
    giveBack: (input, context) => takeBack(input, context),
    async credit({ creditId, customerId, country, creditedAt, lines }, { sql, emit, fail }) {
      const totalMinor = totalOf(lines)
      if (totalMinor > totalAtMostMinor) throw fail.tooMuch({ atMostMinor: totalAtMostMinor })
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
    list({ customerId, limit = 20 }, { sql }) {
      // Two statements, because each has its own index.
      const whose = customerId === undefined ? sql`` : sql`where customer_id = ${customerId}`
      return sql<OrderRow>`
        select ${orderColumns(sql)} from orders ${whose} order by placed_at desc, order_id limit ${limit}`.all()
    },
  },
  on: {
    inventory: {
      async reserved({ orderId }, { sql, emit }) {
        const order = await sql<{ paymentMethod: 'card'; totalMinor: number }>`
          update orders set status = 'confirmed' where order_id = ${orderId} and status = 'placed'
          returning payment_method as "paymentMethod", total_minor as "totalMinor"`.first()
        if (order) emit.confirmed({ orderId, ...order })
      },
      async rejected({ orderId, sku, available }, { sql, emit }) {
        await cancelOrder(sql, emit, { orderId, reason: `only ${available} of ${sku} left` })
      },
    },
    payments: {
      async captured({ orderId }, { sql, emit }) {
        const order = await sql<{ country: string }>`
          update orders set status = 'paid' where order_id = ${orderId} and status = 'confirmed' returning country`.first()
        if (order) emit.paid({ orderId, country: order.country })
      },
      async declined({ orderId }, { sql, emit }) {
        await cancelOrder(sql, emit, { orderId, reason: 'payment declined' })
      },
    },
    shipping: {
      // From here on it is too late to cancel: the parcel leaves because of this event, never before it.
      async packed({ orderId, trackingNumber }, { sql, emit }) {
        const order = await sql<{ customerId: string }>`
          update orders set status = 'shipped' where order_id = ${orderId} and status = 'paid'
          returning customer_id as "customerId"`.first()
        if (order) emit.shipped({ orderId, customerId: order.customerId, trackingNumber })
      },
    },
  },
})
