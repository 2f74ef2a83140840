import type { ClientBase } from 'pg'
import { digest, type Expectation } from './expectation.js'

export interface Finding {
  readonly what: string
  readonly expected: string | number
  readonly found: string | number
}

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
const subscribers = [
  ['inventory', 'orders'],
  ['orders', 'inventory'],
  ['orders', 'payments'],
  ['orders', 'shipping'],
  ['payments', 'orders'],
  ['payments', 'provider'],
  ['shipping', 'orders'],
  ['notifications', 'orders'],
  ['analytics', 'orders'],
] as const

/** Compares the books of all modules with what the file says, with each other, and with the event logs. */
export async function auditBooks(client: ClientBase, expected: Expectation): Promise<Finding[]> {
  await untilAtRest(client)
  const number = async (sql: string): Promise<number> =>
    Number((await client.query<{ n: string }>(`select coalesce((${sql}), 0)::text as n`)).rows[0]?.n)
  const figures = async (sql: string) =>
    digest(
      (await client.query<{ name: string; value: string }>(sql)).rows.map(
        ({ name, value }) => [name, Number(value)] as const,
      ),
    )
  const compare = async (what: string, wanted: string | number, sql: string): Promise<Finding> => ({
    what,
    expected: wanted,
    found: await number(sql),
  })
  const { orders, orderLines, ordersMinor, credits, creditsMinor } = expected
  return [
    await compare('orders', orders, 'select count(*) from orders.orders'),
    await compare('order lines', orderLines, 'select count(*) from orders.lines'),
    await compare('money of orders', ordersMinor, 'select sum(total_minor) from orders.orders'),
    await compare('money of order lines', ordersMinor, 'select sum(quantity * unit_price_minor) from orders.lines'),
    await compare('orders shipped', orders, "select count(*) from orders.orders where status = 'shipped'"),
    await compare('credit notes', credits, 'select count(*) from orders.credits'),
    await compare('money of credit notes', creditsMinor, 'select sum(total_minor) from orders.credits'),
    await compare('payments captured', orders, "select count(*) from payments.payments where status = 'captured'"),
    await compare(
      'money captured',
      ordersMinor,
      "select sum(amount_minor) from payments.payments where status = 'captured'",
    ),
    await compare('money charged by the provider', ordersMinor, 'select sum(amount_minor) from provider.charges'),
    await compare('charges of the provider', orders, 'select count(*) from provider.charges'),
    await compare('money given back', creditsMinor, 'select sum(amount_minor) from payments.refunds where paid_out'),
    await compare('money given back by the provider', creditsMinor, 'select sum(amount_minor) from provider.refunds'),
    await compare('parcels', orders, 'select count(*) from shipping.shipments'),
    await compare('messages to customers', 2 * orders, 'select count(*) from notifications.messages'),
    await compare('orders counted by day', orders, 'select sum(orders) from analytics.days'),
    {
      what: 'revenue by day',
      expected: expected.revenueByDay,
      found: await figures('select day::text as name, revenue_minor as value from analytics.days'),
    },
    {
      what: 'revenue by country',
      expected: expected.revenueByCountry,
      found: await figures('select country as name, revenue_minor as value from analytics.countries'),
    },
    {
      what: 'revenue by product',
      expected: expected.revenueByProduct,
      found: await figures('select sku as name, revenue_minor as value from analytics.products'),
    },
    {
      what: 'stock by product',
      expected: expected.stock,
      found: await figures('select sku as name, on_hand as value from inventory.stock'),
    },
    {
      what: 'stock from its moves',
      expected: expected.stock,
      found: await figures('select sku as name, sum(quantity)::bigint as value from inventory.moves group by sku'),
    },
    await compare(
      'lines of stock adjusted',
      expected.adjustments,
      "select count(*) from inventory.moves where kind = 'adjustment'",
    ),
    await compare('events: orders placed', orders, "select count(*) from orders.banyan_log where type = 'placed'"),
    await compare('events: orders shipped', orders, "select count(*) from orders.banyan_log where type = 'shipped'"),
    await compare(
      'events: money captured',
      ordersMinor,
      "select sum((data ->> 'amountMinor')::bigint) from payments.banyan_log where type = 'captured'",
    ),
    ...(await deliveryFindings(number)),
  ]
}

async function deliveryFindings(number: (sql: string) => Promise<number>): Promise<Finding[]> {
  const each = async (table: string): Promise<number> => {
    let sum = 0
    for (const module of modules) sum += await number(`select count(*) from ${module}.${table}`)
    return sum
  }
  let gaps = 0
  for (const module of modules)
    gaps += await number(
      `select count(*) from (select lane, max(position) as last, count(*) as n from ${module}.banyan_log group by lane) l where last <> n`,
    )
  return [
    { what: 'gaps in the event logs', expected: 0, found: gaps },
    { what: 'dead letters', expected: 0, found: await each('banyan_dead_letters') },
    { what: 'parked events', expected: 0, found: await each('banyan_parked') },
    { what: 'jobs left', expected: 0, found: await each('banyan_jobs') },
    { what: 'events not handled', expected: 0, found: await backlog(number) },
  ]
}

async function backlog(number: (sql: string) => Promise<number>): Promise<number> {
  let sum = 0
  for (const [subscriber, source] of subscribers)
    sum += await number(`
      select sum(greatest(l.last - p.position, 0)) from (select lane, max(position) as last from ${source}.banyan_log group by lane) l
      join ${subscriber}.banyan_progress p on p.lane = l.lane and p.source = '${source}'`)
  return sum
}

const patienceMs = 600_000

/** Waits until nothing is on its way any more; says so every few seconds. */
async function untilAtRest(client: ClientBase): Promise<void> {
  const number = async (sql: string): Promise<number> =>
    Number((await client.query<{ n: string }>(`select coalesce((${sql}), 0)::text as n`)).rows[0]?.n)
  const until = Date.now() + patienceMs
  for (let quiet = 0; quiet < 2; ) {
    let jobs = 0
    for (const module of modules)
      jobs +=
        (await number(`select count(*) from ${module}.banyan_jobs`)) +
        (await number(`select count(*) from ${module}.banyan_parked`))
    const open = jobs + (await backlog(number))
    quiet = open === 0 ? quiet + 1 : 0
    if (Date.now() > until)
      throw new Error(`${open} events and jobs are still open after ${patienceMs / 1000} s; is the shop running?`)
    if (quiet < 2) await new Promise((resolve) => setTimeout(resolve, open === 0 ? 200 : 1_000))
    if (open > 0) console.log(`waiting: ${open} events and jobs are on their way`)
  }
}
