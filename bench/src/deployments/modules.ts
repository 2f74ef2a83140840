import { type AnyModule, defineModule } from '@banyan/module'
import { checkOut, type RecordWait } from './checkout.js'
import { type Answered, authorizations, catalog, inventory, orders, payments, reservations } from './contracts.js'
import * as memory from './in-memory.js'

const limits = { concurrency: 256 }

/** The shop without SQL. */
export function modulesInMemory(record: RecordWait): AnyModule[] {
  return [
    defineModule(catalog, { limits, queries: { product: memory.product } }),
    defineModule(reservations, {
      limits,
      queries: { reserve: (input, { newId }) => memory.reserve(input, newId()) },
    }),
    defineModule(authorizations, {
      limits,
      queries: { authorize: (input, { newId }) => memory.authorize(input, newId()) },
    }),
    defineModule(orders, {
      uses: { catalog, inventory: reservations, payments: authorizations },
      limits,
      commands: {
        async checkout(input, { call, newId }) {
          return (await checkOut(input, newId(), call, record)).answer
        },
      },
    }),
  ]
}

/** The shop that keeps what it does; the statements are those of the plain services. */
export function modulesWithSql(record: RecordWait): AnyModule[] {
  return [
    defineModule(catalog, {
      migrations: 'migrations/deployments/catalog',
      limits,
      queries: {
        async product({ sku }, { sql }) {
          const found = await sql<Answered<'product'>>`
            select sku, name, price_minor as "priceMinor", tax_percent as "taxPercent"
            from products where sku = ${sku}`.first()
          if (!found) throw new Error(`There is no ${sku}`)
          return found
        },
      },
    }),
    inventoryWithSql(),
    defineModule(payments, {
      migrations: 'migrations/deployments/payments',
      limits,
      commands: {
        async authorize(input, { sql, newId }) {
          const answer = memory.authorize(input, newId())
          await sql`
            insert into payments (id, order_id, customer_id, amount_minor)
            values (${answer.paymentId}, ${input.orderId}, ${input.customerId}, ${input.amountMinor})`
          return answer
        },
      },
    }),
    ordersWithSql(record),
  ]
}

function inventoryWithSql(): AnyModule {
  return defineModule(inventory, {
    migrations: 'migrations/deployments/inventory',
    limits,
    commands: {
      async reserve({ orderId, lines }, { sql, newId }) {
        const answer = { reservationId: newId(), units: memory.unitsOf(lines) }
        const taken = await sql`
          update stock set reserved = reserved + line.quantity
          from unnest(${lines.map(({ sku }) => sku)}::text[], ${lines.map(({ quantity }) => quantity)}::int[])
            as line (sku, quantity)
          where stock.sku = line.sku and on_hand - reserved >= line.quantity`.run()
        if (taken < lines.length) throw new Error('There is not enough in stock')
        await sql`
          insert into reservations (id, order_id, units) values (${answer.reservationId}, ${orderId}, ${answer.units})`
        return answer
      },
    },
  })
}

function ordersWithSql(record: RecordWait): AnyModule {
  return defineModule(orders, {
    uses: { catalog, inventory, payments },
    migrations: 'migrations/deployments/orders',
    limits,
    commands: {
      async checkout(input, { call, sql, newId }) {
        const { answer, prices } = await checkOut(input, newId(), call, record)
        const { orderId, totalMinor } = answer
        await sql`
          insert into orders (id, customer_id, total_minor) values (${orderId}, ${input.customerId}, ${totalMinor})`
        await sql`
          insert into order_lines (order_id, number, sku, quantity, price_minor)
          select ${orderId}, number, sku, quantity, price_minor
          from unnest(
            ${input.lines.map((_, index) => index + 1)}::int[], ${input.lines.map(({ sku }) => sku)}::text[],
            ${input.lines.map(({ quantity }) => quantity)}::int[], ${prices}::int[]
          ) as line (number, sku, quantity, price_minor)`
        return answer
      },
    },
  })
}
