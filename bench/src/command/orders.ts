import { contract } from '@banyan/contract'
import { defineModule } from '@banyan/module'
import { z } from 'zod'
import { orderInput, price } from '../support/order.js'

const placeInput = orderInput.omit({ orderId: true })
const placed = orderInput.extend({ totalMinor: z.number().int() })

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: { place: { input: placeInput, output: z.object({ orderId: z.uuid(), totalMinor: z.number().int() }) } },
  events: { placed: { data: placed, key: 'orderId' } },
})

export type Place = z.output<typeof placeInput>

/** A command as an app author writes it: two statements and an event. */
export const ordersModule = defineModule(orders, {
  migrations: 'migrations/orders',
  limits: { concurrency: 64 },
  commands: {
    async place({ customerId, lines }, { sql, emit, newId }) {
      const order = { orderId: newId(), customerId, lines }
      const { orderId, totalMinor } = price(order)
      await sql`insert into orders (id, customer_id, total_minor) values (${orderId}, ${customerId}, ${totalMinor})`
      await sql`
        insert into order_lines (order_id, number, sku, quantity, price_minor)
        select ${orderId}, number, sku, quantity, price_minor
        from unnest(
          ${lines.map((_, index) => index + 1)}::int[], ${lines.map(({ sku }) => sku)}::text[],
          ${lines.map(({ quantity }) => quantity)}::int[], ${lines.map(({ priceMinor }) => priceMinor)}::int[]
        ) as line (number, sku, quantity, price_minor)`
      emit.placed({ ...order, totalMinor })
      return { orderId, totalMinor }
    },
  },
})
