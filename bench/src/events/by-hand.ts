import { randomUUID } from 'node:crypto'
import type { ConnectionOptions } from '@banyan/store-postgres'
import pg from 'pg'
import { publishers } from './banyan.js'
import { eventsPerCommit, type Sold, soldEvents } from './modules.js'

const batchEvents = 500

const tables = (subscribers: number): string => `
  create table log (position bigint generated always as identity primary key, id uuid not null, key text not null,
    type text not null, data json not null, at bigint not null);
  create table progress (subscriber text primary key, position bigint not null);
  ${Array.from(
    { length: subscribers },
    (_, index) => `
  insert into progress values ('s${index}', 0);
  create table spending_${index} (customer_id text primary key, orders int not null, total_minor bigint not null);`,
  ).join('')}`

const append = {
  name: 'append',
  text: `insert into log (id, key, type, data, at)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::json[], $5::bigint[]) returning position`,
}
const read = {
  name: 'read',
  text: 'select position, data from log where position > $1 order by position limit $2',
}
const conflict = (table: string): string =>
  `on conflict (customer_id) do update
   set orders = ${table}.orders + excluded.orders, total_minor = ${table}.total_minor + excluded.total_minor`

export interface ByHandEvents {
  publishAndSettle(events: number): Promise<void>
  stop(): Promise<void>
}

/**
 * A log, subscribers that read it in batches and keep their position with their effect: what one would write by hand
 * for one publisher that never has two transactions open (readers trust the order of positions).
 * @param merged one upsert for a whole batch, which is the limit; otherwise one for each event
 * @param perCommit events that are published in one transaction
 */
export async function openByHandEvents(
  connection: ConnectionOptions,
  subscribers: number,
  merged: boolean,
  perCommit: number = eventsPerCommit,
): Promise<ByHandEvents> {
  const pool = new pg.Pool({ ...connection, max: publishers + subscribers, idleTimeoutMillis: 0 })
  await pool.query(tables(subscribers))
  const positions = new Array<number>(subscribers).fill(0)
  return {
    async publishAndSettle(events) {
      let published = false
      let head = 0
      const publish = async (): Promise<void> => {
        for (let first = 0; first < events; first += perCommit)
          head = await appendEvents(pool, soldEvents(first, perCommit))
        published = true
      }
      const subscribe = async (index: number): Promise<void> => {
        while (!published || (positions[index] as number) < head)
          positions[index] = await handleBatch(pool, index, positions[index] as number, merged)
      }
      await Promise.all([publish(), ...positions.map((_, index) => subscribe(index))])
    },
    stop: () => pool.end(),
  }
}

async function appendEvents(pool: pg.Pool, events: readonly Sold[]): Promise<number> {
  const at = Date.now()
  const values = [
    events.map(() => randomUUID()),
    events.map(({ orderId }) => orderId),
    events.map(() => 'sold'),
    events.map((event) => JSON.stringify(event)),
    events.map(() => at),
  ]
  const { rows } = await pool.query<{ position: string }>({ ...append, values })
  return Number(rows.at(-1)?.position)
}

async function handleBatch(pool: pg.Pool, index: number, after: number, merged: boolean): Promise<number> {
  const { rows } = await pool.query<{ position: string; data: Sold }>({ ...read, values: [after, batchEvents] })
  const last = Number(rows.at(-1)?.position ?? after)
  if (rows.length === 0) return last
  const client = await pool.connect()
  try {
    await client.query({ name: 'begin', text: 'begin' })
    const events = rows.map(({ data }) => data)
    if (merged) await upsertAll(client, index, events)
    else for (const event of events) await upsertOne(client, index, event)
    const step = 'update progress set position = $1 where subscriber = $2 and position = $3'
    await client.query({ name: 'step', text: step, values: [last, `s${index}`, after] })
    await client.query({ name: 'commit', text: 'commit' })
    return last
  } finally {
    client.release()
  }
}

async function upsertOne(client: pg.PoolClient, index: number, event: Sold): Promise<void> {
  const table = `spending_${index}`
  await client.query({
    name: `upsert-${index}`,
    text: `insert into ${table} (customer_id, orders, total_minor) values ($1, 1, $2) ${conflict(table)}`,
    values: [event.customerId, event.totalMinor],
  })
}

async function upsertAll(client: pg.PoolClient, index: number, events: readonly Sold[]): Promise<void> {
  const table = `spending_${index}`
  await client.query({
    name: `upsert-all-${index}`,
    text: `insert into ${table} (customer_id, orders, total_minor)
      select customer_id, count(*), sum(minor) from unnest($1::text[], $2::int[]) as sold (customer_id, minor)
      group by customer_id ${conflict(table)}`,
    values: [events.map(({ customerId }) => customerId), events.map(({ totalMinor }) => totalMinor)],
  })
}
