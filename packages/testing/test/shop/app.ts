import { fileURLToPath } from 'node:url'
import { defineApp, defineModule } from '@banyan/module'
import { mail, orders, stock } from './contracts.js'

/** Where the migrations of the modules begin. */
export const shopFolder = fileURLToPath(new URL('.', import.meta.url))

export const stockModule = defineModule(stock, {
  migrations: 'stock',
  commands: {
    async reserve({ orderId, sku, quantity }, { sql, fail }) {
      const level = await sql<{ available: number }>`select available from levels where sku = ${sku} for update`.first()
      const available = level?.available ?? 0
      if (available < quantity) throw fail.outOfStock({ left: available })
      await sql`update levels set available = available - ${quantity} where sku = ${sku}`
      await sql`insert into reservations (order_id, sku, quantity) values (${orderId}, ${sku}, ${quantity})`
      return { left: available - quantity }
    },
  },
  queries: {
    level: async ({ sku }, { sql }) =>
      (await sql<{ available: number }>`select available from levels where sku = ${sku}`.first())?.available ?? null,
  },
  routes: {
    'POST /stock/photo': {
      access: 'public',
      handler: async (request) => Response.json((await request.arrayBuffer()).byteLength),
    },
    'GET /stock/photo': {
      access: 'public',
      handler: (request) => new Response('x'.repeat(Number(new URL(request.url).searchParams.get('bytes')))),
    },
  },
})

export const ordersModule = defineModule(orders, {
  uses: { stock },
  migrations: 'orders',
  commands: {
    async place({ customer, sku, quantity }, { sql, emit, fail, call, newId }) {
      if (quantity > 100) throw fail.tooMany({ most: 100 })
      const orderId = newId()
      await call.stock.reserve({ orderId, sku, quantity })
      await sql`insert into orders (id, customer, sku, quantity, status) values (${orderId}, ${customer}, ${sku}, ${quantity}, 'placed')`
      emit.placed({ orderId, sku, quantity })
      return { orderId }
    },
    async cancel({ orderId }, { sql, emit }) {
      const { sku } = await sql<{
        sku: string
      }>`update orders set status = 'cancelled' where id = ${orderId} returning sku`.one()
      emit.cancelled({ orderId, sku })
    },
  },
  queries: {
    byId: ({ orderId }, { sql }) =>
      sql<{
        status: string
        sku: string
        quantity: number
      }>`select status, sku, quantity from orders where id = ${orderId}`
        .first()
        .then((row) => row ?? null),
  },
})

export const mailModule = defineModule(mail, {
  listens: { orders },
  migrations: 'mail',
  commands: {
    async remind({ orderId }, { sql }) {
      await sql`insert into sent (order_id, kind, position) values (${orderId}, 'reminder', 0)`
    },
  },
  queries: {
    sent: (_input, { sql }) => sql<{ order_id: string; kind: string }>`select order_id, kind from sent order by id`,
  },
  on: {
    orders: {
      async placed({ orderId, sku }, { sql, event, later }) {
        await sql`insert into seen (event_id, sku, position) values (${event.id}, ${sku}, ${event.position})`
        await sql`insert into sent (order_id, kind, position) values (${orderId}, 'placed', ${event.position})`
        later.mail.remind({ orderId }, { in: '10m' })
      },
    },
  },
})

export const shop = defineApp({ name: 'shop', modules: [ordersModule, stockModule, mailModule] })
