import {
  type CommandHandler,
  defineApp,
  defineModule,
  type EventHandler,
  type QueryHandler,
  secret,
} from '@banyan/module'
import { z } from 'zod'
import { inventory, type Order, orders, payments } from './contracts.js'

declare function drizzle(client: { query(text: string): Promise<unknown> }): { orders: { count(): Promise<number> } }

/** The example of the design, as it stands there. */
const ordersModule = defineModule(orders, {
  uses: { inventory },
  listens: { payments },
  config: z.object({ FREE_SHIPPING_FROM: z.coerce.number(), STRIPE_KEY: secret() }),
  migrations: 'src/orders/migrations',
  context: ({ pg }) => ({ db: drizzle(pg) }),
  commands: {
    async place(input, { call, sql, emit, fail, later, newId, now, log, caller, config, signal, db }) {
      if (input.lines.length > 100) throw fail.tooManyLines({ limit: 100 })
      const id = newId()
      await sql`insert into orders (id, customer_id, status) values (${id}, ${input.customerId}, 'placed')`
      emit.placed({ orderId: id, lines: input.lines })
      await call.inventory.reserve({ orderId: id, lines: input.lines })
      later.orders.expire(undefined, { in: '10m' })
      log.info({ caller, at: now(), orders: await db.orders.count(), free: config.FREE_SHIPPING_FROM }, 'placed')
      signal.throwIfAborted()
      return { orderId: id }
    },
    expire() {},
  },
  queries: {
    byId: ({ orderId }, { sql }) => sql<Order>`select … where id = ${orderId}`.first(),
    all: (_, { sql }) => sql<Order>`select … from orders`,
  },
  on: {
    payments: {
      async captured(data, { sql, event }) {
        await sql`update orders set paid = ${data.amount} where id = ${data.orderId} and seen < ${event.position}`
      },
    },
  },
  routes: {
    'POST /webhooks/stripe': async (request: Request, ctx) => {
      await ctx.call.orders.place({ customerId: await request.text(), lines: [] })
      return new Response()
    },
  },
})

export default ordersModule

type Uses = { inventory: typeof inventory }

export const place: CommandHandler<typeof orders, 'place', Uses> = async (input, { call, fail }) => {
  try {
    await call.inventory.reserve({ orderId: '1', lines: input.lines })
  } catch (error) {
    if (inventory.errors.outOfStock.is(error)) throw fail.tooManyLines({ limit: error.details.available })
    throw error
  }
  return { orderId: '1' }
}

export const byId: QueryHandler<typeof orders, 'byId', Uses> = async ({ orderId }, { call }) => {
  const { available } = await call.inventory.level({ sku: orderId })
  return available > 0 ? { id: orderId, customerId: '1', status: 'placed' } : null
}

export const captured: EventHandler<typeof orders, typeof payments, 'captured', Uses> = async (
  data,
  { call, event },
) => {
  await call.inventory.reserve({ orderId: data.orderId, lines: [{ sku: event.source, quantity: data.amount }] })
}

export const split = defineModule(orders, {
  uses: { inventory },
  listens: { payments },
  commands: { place, expire() {} },
  queries: { byId, all: () => [] },
  on: {
    payments: { captured },
    orders: {
      placed({ lines }) {
        lines.at(0)?.sku
      },
    },
    inventory: { depleted() {} },
  },
  routes: { 'POST /webhook': { access: 'public', handler: () => new Response() } },
  subscriptions: { payments: { from: 'now', attempts: 3, onDead: 'hold' } },
  limits: { concurrency: 10, deadline: '10s' },
  retention: { inbox: '7d', log: 'forever' },
})

export const market = defineApp({ name: 'market', modules: [ordersModule] })
