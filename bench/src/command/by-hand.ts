import { createHash, randomUUID } from 'node:crypto'
import { laneOf } from '@banyan/runtime'
import { type EmbeddedServer, schemaName } from '@banyan/store-postgres'
import pg from 'pg'
import { price } from '../support/order.js'
import type { Place } from './orders.js'

const statements = {
  begin: { name: 'begin', text: 'begin' },
  lookUp: { name: 'look-up', text: 'select input_hash, outcome from banyan_inbox where id = $1' },
  order: { name: 'order', text: 'insert into orders (id, customer_id, total_minor) values ($1, $2, $3)' },
  lines: {
    name: 'lines',
    text: `insert into order_lines (order_id, number, sku, quantity, price_minor)
      select $1, number, sku, quantity, price_minor
      from unnest($2::int[], $3::text[], $4::int[], $5::int[]) as line (number, sku, quantity, price_minor)`,
  },
  lane: {
    name: 'lane',
    text: 'update banyan_lanes set position = position + 1 where lane = $1 returning position',
  },
  event: {
    name: 'event',
    text: `insert into banyan_log (lane, position, id, key, type, version, data, at, context)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
  },
  outcome: {
    name: 'outcome',
    text: 'insert into banyan_inbox (id, input_hash, outcome, at) values ($1, $2, $3, $4)',
  },
  commit: { name: 'commit', text: 'commit' },
  rollback: { name: 'rollback', text: 'rollback' },
} as const

/** All that is written, in one statement and one round trip; a twin breaks the key of the inbox. */
const together = {
  name: 'together',
  text: `with
    outcome as (insert into banyan_inbox (id, input_hash, outcome, at) values ($1, $2, $3, $4)),
    placed as (insert into orders (id, customer_id, total_minor) values ($5, $6, $7)),
    lines as (
      insert into order_lines (order_id, number, sku, quantity, price_minor)
      select $5, number, sku, quantity, price_minor
      from unnest($8::int[], $9::text[], $10::int[], $11::int[]) as line (number, sku, quantity, price_minor)
    ),
    taken as (update banyan_lanes set position = position + 1 where lane = $12 returning position)
    insert into banyan_log (lane, position, id, key, type, version, data, at, context)
    select $12, position, $13, $5::text, 'placed', 1, $14, $4, $15 from taken`,
}

/** The values of one command, made as Banyan makes them: an event, an outcome, a hash of the input. */
function valuesOf(input: Place) {
  const id = randomUUID()
  const order = { orderId: randomUUID(), customerId: input.customerId, lines: input.lines }
  const { orderId, totalMinor } = price(order)
  return {
    id,
    orderId,
    totalMinor,
    hash: createHash('sha256').update(JSON.stringify(input)).digest('hex'),
    lane: laneOf(orderId),
    lines: [
      input.lines.map((_, index) => index + 1),
      input.lines.map(({ sku }) => sku),
      input.lines.map(({ quantity }) => quantity),
      input.lines.map(({ priceMinor }) => priceMinor),
    ],
    data: JSON.stringify({ ...order, totalMinor }),
    context: JSON.stringify({ correlationId: randomUUID(), causationId: id }),
    outcome: JSON.stringify({ ok: true, value: { orderId, totalMinor } }),
    at: Date.now(),
  }
}

export interface ByHand {
  /** Statement after statement in a transaction, as most code is written. */
  place(input: Place): Promise<void>
  /** The limit: one statement. */
  placeTogether(input: Place): Promise<void>
  stop(): Promise<void>
}

/** `pg` with named statements, on the tables of the module that Banyan runs, so that both meet the same indexes. */
export function openByHand(server: EmbeddedServer, connections: number): ByHand {
  const pool = new pg.Pool({
    ...server.connection,
    max: connections,
    idleTimeoutMillis: 0,
    options: `-c search_path=${schemaName('orders')}`,
  })
  return {
    async place(input) {
      const client = await pool.connect()
      try {
        await placeWith(client, input)
      } catch (error) {
        await client.query(statements.rollback)
        throw error
      } finally {
        client.release()
      }
    },
    async placeTogether(input) {
      const { id, hash, outcome, at, orderId, totalMinor, lines, lane, data, context } = valuesOf(input)
      await pool.query({
        ...together,
        values: [
          id,
          hash,
          outcome,
          at,
          orderId,
          input.customerId,
          totalMinor,
          ...lines,
          lane,
          randomUUID(),
          data,
          context,
        ],
      })
    },
    stop: () => pool.end(),
  }
}

async function placeWith(client: pg.PoolClient, input: Place): Promise<void> {
  const { id, hash, outcome, at, orderId, totalMinor, lines, lane, data, context } = valuesOf(input)
  await client.query(statements.begin)
  const recorded = await client.query({ ...statements.lookUp, values: [id] })
  if (recorded.rowCount !== 0) throw new Error('A fresh id is recorded already')
  await client.query({ ...statements.order, values: [orderId, input.customerId, totalMinor] })
  await client.query({ ...statements.lines, values: [orderId, ...lines] })
  await client.query({ ...statements.outcome, values: [id, hash, outcome, at] })
  const taken = await client.query<{ position: string }>({ ...statements.lane, values: [lane] })
  const event = [lane, taken.rows[0]?.position, randomUUID(), orderId, 'placed', 1, data, at, context]
  await client.query({ ...statements.event, values: event })
  await client.query(statements.commit)
}
