import { contract } from '@banyan/contract'
import { type AnyModule, defineModule } from '@banyan/module'
import { z } from 'zod'
import { orders as ordersContract, ordersModule } from '../command/orders.js'
import { orderInput, price, sampleOrders } from '../support/order.js'

export const customers = 1_000
export const eventsPerCommit = 100

const sold = orderInput.extend({ totalMinor: z.number().int() })

export const sales = contract({
  name: 'sales',
  version: '1.0.0',
  commands: { sell: { input: z.object({ first: z.number().int(), count: z.number().int().optional() }) } },
  events: { sold: { data: sold, key: 'orderId' } },
})

export type Sold = z.output<typeof sold>

const samples = sampleOrders(customers)

/** The events of one commit; every customer is met as often as any other. */
export function soldEvents(first: number, count: number = eventsPerCommit): Sold[] {
  return Array.from({ length: count }, (_, index) => {
    const order = samples[(first + index) % customers] as (typeof samples)[number]
    return { ...order, customerId: `customer-${(first + index) % customers}`, totalMinor: price(order).totalMinor }
  })
}

export const salesModule = defineModule(sales, {
  limits: { deadline: '5m' },
  commands: {
    sell({ first, count }, { emit }) {
      for (const event of soldEvents(first, count)) emit.sold(event)
    },
  },
})

/** A subscriber as an app author writes it: one upsert for each event, whose answer it does not need, after a pause where it should be slow. */
export function spendingModule(name: string, slowMs = 0): AnyModule {
  const spending = contract({ name, version: '1.0.0' })
  return defineModule(spending, {
    listens: { sales, orders: ordersContract },
    migrations: 'migrations/spending',
    on: {
      sales: {
        async sold({ customerId, totalMinor }, { sql }) {
          if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs))
          await sql`
            insert into spending (customer_id, orders, total_minor) values (${customerId}, 1, ${totalMinor})
            on conflict (customer_id) do update
            set orders = spending.orders + 1, total_minor = spending.total_minor + excluded.total_minor`.send()
        },
      },
      orders: {
        async placed({ customerId, totalMinor }, { sql }) {
          await sql`
            insert into spending (customer_id, orders, total_minor) values (${customerId}, 1, ${totalMinor})
            on conflict (customer_id) do update
            set orders = spending.orders + 1, total_minor = spending.total_minor + excluded.total_minor`.send()
        },
      },
    },
  })
}

const names = ['spending', 'loyalty']

/** Publishers and that many subscribers. */
export const modulesWith = (subscribers: number, slowMs = 0): AnyModule[] => [
  salesModule,
  ordersModule,
  ...names.slice(0, subscribers).map((name) => spendingModule(name, slowMs)),
]
