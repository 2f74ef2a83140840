import { setTimeout as wait } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import type { Finding } from './books.js'
import { Told } from './told.js'

const modules = [
  'catalog',
  'cart',
  'inventory',
  'orders',
  'payments',
  'provider',
  'shipping',
  'notifications',
  'analytics',
]
// With the events that they handle. Progress past others is written down only now and then, and owes nothing.
const subscribers = [
  ['inventory', 'orders', ['placed', 'cancelled', 'returned', 'credited']],
  ['orders', 'inventory', ['reserved', 'rejected']],
  ['orders', 'payments', ['captured', 'declined']],
  ['orders', 'shipping', ['packed']],
  ['payments', 'orders', ['confirmed', 'cancelled', 'returned', 'credited']],
  ['payments', 'provider', ['answered']],
  ['shipping', 'orders', ['paid', 'shipped', 'cancelled']],
  ['notifications', 'orders', ['placed', 'shipped', 'cancelled']],
  ['analytics', 'orders', ['placed', 'cancelled', 'returned', 'credited']],
] as const
const patienceMs = 60_000
const sayEveryMs = 2_000
const lookEveryMs = 150

// One statement, so that the sums are of one moment.
const gapsSql = modules
  .map((module) => `select lane, max(position) as last, count(*) as n from ${module}.banyan_log group by lane`)
  .join(' union all ')
const backlogSql = subscribers
  .map(
    ([subscriber, source, types]) => `
      select count(*) as open from ${subscriber}.banyan_progress p
      join ${source}.banyan_log l on l.lane = p.lane and l.position > p.position
      where p.source = '${source}' and l.type in (${types.map((type) => `'${type}'`).join(', ')})`,
  )
  .join(' union all ')
const rowsOf = (table: string): string =>
  modules.map((module) => `select count(*) as open from ${module}.${table}`).join(' union all ')

async function sum(client: ClientBase, sql: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`select coalesce(sum(open), 0)::text as n from (${sql}) s`)
  return Number(rows[0]?.n)
}

/** What the delivery owes: nothing lost, nothing left over. */
export async function deliveryFindings(client: ClientBase): Promise<Finding[]> {
  const finding = async (what: string, sql: string): Promise<Finding> => ({
    what,
    expected: 0,
    found: await sum(client, sql),
  })
  return [
    await finding('gaps in the event logs', `select (last <> n)::int as open from (${gapsSql}) g`),
    await finding('dead letters', rowsOf('banyan_dead_letters')),
    await finding('parked events', rowsOf('banyan_parked')),
    await finding('jobs left', rowsOf('banyan_jobs')),
    await finding('events not handled', backlogSql),
  ]
}

/** What is on its way at this moment. */
export async function underWay(client: ClientBase): Promise<{ jobs: number; parked: number; events: number }> {
  return {
    jobs: await sum(client, rowsOf('banyan_jobs')),
    parked: await sum(client, rowsOf('banyan_parked')),
    events: await sum(client, backlogSql),
  }
}

/**
 * Begins a transaction that sees a moment at which nothing is on its way; says what it waits for every few seconds. The
 * shop may go on working meanwhile: all that is read in the transaction is of that moment.
 * @throws Told when something is on its way and nothing moves for a minute
 */
export async function beginAtRest(client: ClientBase): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  let movedAt = Date.now()
  let saidAt = 0
  for (;;) {
    await client.query('begin isolation level repeatable read read only')
    const { jobs, parked, events } = await underWay(client)
    const open = jobs + parked + events
    if (open === 0) return
    await client.query('rollback')
    const now = Date.now()
    if (open < least) {
      least = open
      movedAt = now
    }
    if (now - movedAt > patienceMs)
      throw new Told(
        `${open} events and jobs are on their way, and none has arrived for ${patienceMs / 1000} s; is the shop open? (npm start)`,
      )
    if (now - saidAt > sayEveryMs) {
      saidAt = now
      console.log(`waiting: ${open} events and jobs are on their way`)
    }
    await wait(lookEveryMs)
  }
}
