import { randomUUID } from 'node:crypto'
import { schemaName } from '@banyan/store-postgres'
import pg from 'pg'
import type { Answered, Asked, ServiceName } from './contracts.js'
import * as memory from './in-memory.js'
import { connectionsOfEach, type DatabaseAddress } from './process.js'

/** What the plain services do for a request. */
export interface Work {
  product(input: Asked<'product'>): Promise<Answered<'product'>>
  reserve(input: Asked<'reserve'>, id: string): Promise<Answered<'reserve'>>
  authorize(input: Asked<'authorize'>, id: string): Promise<Answered<'authorize'>>
  keepOrder(input: Asked<'checkout'>, answer: Answered<'checkout'>, prices: readonly number[]): Promise<void>
}

export const workInMemory: Work = {
  product: async (input) => memory.product(input),
  reserve: async (input) => memory.reserve(input, randomUUID()),
  authorize: async (input) => memory.authorize(input, randomUUID()),
  keepOrder: async () => undefined,
}

const statements = {
  begin: { name: 'begin', text: 'begin' },
  commit: { name: 'commit', text: 'commit' },
  product: {
    name: 'product',
    text: `select sku, name, price_minor as "priceMinor", tax_percent as "taxPercent" from products where sku = $1`,
  },
  take: {
    name: 'take',
    text: `update stock set reserved = reserved + line.quantity
      from unnest($1::text[], $2::int[]) as line (sku, quantity)
      where stock.sku = line.sku and on_hand - reserved >= line.quantity`,
  },
  reservation: { name: 'reservation', text: 'insert into reservations (id, order_id, units) values ($1, $2, $3)' },
  payment: {
    name: 'payment',
    text: 'insert into payments (id, order_id, customer_id, amount_minor) values ($1, $2, $3, $4)',
  },
  keepId: { name: 'keep_id', text: 'insert into command_ids (id, answer) values ($1, $2)' },
  order: { name: 'order', text: 'insert into orders (id, customer_id, total_minor) values ($1, $2, $3)' },
  lines: {
    name: 'lines',
    text: `insert into order_lines (order_id, number, sku, quantity, price_minor)
      select $1, number, sku, quantity, price_minor
      from unnest($2::int[], $3::text[], $4::int[], $5::int[]) as line (number, sku, quantity, price_minor)`,
  },
} as const

/**
 * The same statements as the modules have, each named and awaited; more than one in a transaction.
 * @param keepsIds writes the answer of a command under its id, with its effect: a repeated one fails by the key of that table
 */
export function openTables(service: ServiceName, database: DatabaseAddress, keepsIds: boolean): Work {
  const pool = new pg.Pool({
    ...database,
    max: connectionsOfEach,
    idleTimeoutMillis: 0,
    options: `-c search_path=${schemaName(service)}`,
  })
  return {
    async product({ sku }) {
      const { rows } = await pool.query<Answered<'product'>>({ ...statements.product, values: [sku] })
      if (!rows[0]) throw new Error(`There is no ${sku}`)
      return rows[0]
    },
    async reserve({ orderId, lines }, id) {
      const answer = { reservationId: randomUUID(), units: memory.unitsOf(lines) }
      await inTransaction(pool, async (client) => {
        const values = [lines.map(({ sku }) => sku), lines.map(({ quantity }) => quantity)]
        const { rowCount } = await client.query({ ...statements.take, values })
        if ((rowCount ?? 0) < lines.length) throw new Error('There is not enough in stock')
        await client.query({ ...statements.reservation, values: [answer.reservationId, orderId, answer.units] })
        if (keepsIds) await client.query({ ...statements.keepId, values: [id, JSON.stringify(answer)] })
      })
      return answer
    },
    async authorize(input, id) {
      const answer = memory.authorize(input, randomUUID())
      const values = [answer.paymentId, input.orderId, input.customerId, input.amountMinor]
      if (!keepsIds) await pool.query({ ...statements.payment, values })
      else
        await inTransaction(pool, async (client) => {
          await client.query({ ...statements.payment, values })
          await client.query({ ...statements.keepId, values: [id, JSON.stringify(answer)] })
        })
      return answer
    },
    async keepOrder({ customerId, lines }, { orderId, totalMinor }, prices) {
      await inTransaction(pool, async (client) => {
        await client.query({ ...statements.order, values: [orderId, customerId, totalMinor] })
        const numbers = lines.map((_, index) => index + 1)
        const columns = [numbers, lines.map(({ sku }) => sku), lines.map(({ quantity }) => quantity), prices]
        await client.query({ ...statements.lines, values: [orderId, ...columns] })
      })
    },
  }
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query(statements.begin)
    await work(client)
    await client.query(statements.commit)
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
