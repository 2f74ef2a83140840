import type { ClientBase } from 'pg'
import type { Finding } from './books.js'
import { digest, type Expectation } from './expectation.js'

interface Question {
  readonly what: string
  readonly expected: number
  readonly sql: string
  readonly of: readonly string[]
}

function questions(expected: Expectation): Question[] {
  const { orders, orderLines, ordersMinor, credits, creditsMinor, adjustments, orderIds, creditIds } = expected
  const products = [...expected.stock.keys()]
  const about = (of: readonly string[], what: string, wanted: number, sql: string): Question => ({
    what,
    expected: wanted,
    sql,
    of,
  })
  return [
    about(orderIds, 'orders', orders, 'count(*) from orders.orders where order_id'),
    about(orderIds, 'order lines', orderLines, 'count(*) from orders.lines where order_id'),
    about(orderIds, 'money of orders', ordersMinor, 'sum(total_minor) from orders.orders where order_id'),
    about(
      orderIds,
      'money of order lines',
      ordersMinor,
      'sum(quantity * unit_price_minor) from orders.lines where order_id',
    ),
    about(orderIds, 'orders shipped', orders, "count(*) from orders.orders where status = 'shipped' and order_id"),
    about(creditIds, 'credit notes', credits, 'count(*) from orders.credits where credit_id'),
    about(creditIds, 'money of credit notes', creditsMinor, 'sum(total_minor) from orders.credits where credit_id'),
    about(
      orderIds,
      'money captured',
      ordersMinor,
      "sum(amount_minor) from payments.payments where status = 'captured' and order_id",
    ),
    about(orderIds, 'charges of the provider', orders, 'count(*) from provider.charges where charge_id'),
    about(
      orderIds,
      'money charged by the provider',
      ordersMinor,
      'sum(amount_minor) from provider.charges where charge_id',
    ),
    about(
      creditIds,
      'money given back by the provider',
      creditsMinor,
      'sum(amount_minor) from provider.refunds where refund_id',
    ),
    about(orderIds, 'parcels', orders, "count(*) from shipping.shipments where status = 'dispatched' and order_id"),
    about(orderIds, 'messages to customers', 2 * orders, 'count(*) from notifications.messages where order_id'),
    about(
      products,
      'lines of stock adjusted',
      adjustments,
      "count(*) from inventory.moves where kind = 'adjustment' and sku",
    ),
    about(orderIds, 'events: orders placed', orders, "count(*) from orders.banyan_log where type = 'placed' and key"),
    about(orderIds, 'events: orders shipped', orders, "count(*) from orders.banyan_log where type = 'shipped' and key"),
    about(
      orderIds,
      'events: money captured',
      ordersMinor,
      "sum((data ->> 'amountMinor')::bigint) from payments.banyan_log where type = 'captured' and key",
    ),
  ]
}

/** Compares the books of the shop, and its event logs, with what the file says; what the shop sold to others is left out. */
export async function againstFile(client: ClientBase, expected: Expectation): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { what, expected: wanted, sql, of } of questions(expected)) {
    const { rows } = await client.query<{ n: string | null }>(`select (select ${sql} = any($1))::text as n`, [of])
    findings.push({ what, expected: wanted, found: Number(rows[0]?.n ?? 0) })
  }
  const figures = async (sql: string, values: unknown[]): Promise<(readonly [string, number])[]> =>
    (await client.query<{ name: string; value: string }>(sql, values)).rows.map(
      ({ name, value }) => [name, Number(value)] as const,
    )
  const each = async (what: string, wanted: ReadonlyMap<string, number>, sql: string): Promise<void> => {
    findings.push({ what, expected: digest(wanted), found: digest(await figures(sql, [[...wanted.keys()]])) })
  }
  await each(
    'revenue by day',
    expected.revenueByDay,
    'select day::text as name, revenue_minor as value from analytics.days where day = any($1::date[])',
  )
  await each(
    'revenue by product',
    expected.revenueByProduct,
    'select sku as name, revenue_minor as value from analytics.products where sku = any($1)',
  )
  await each(
    'stock by product',
    expected.stock,
    'select sku as name, on_hand as value from inventory.stock where sku = any($1)',
  )
  // Countries are not the file's alone: what others bought from the same ones is added to what is expected.
  const countries = new Map(expected.revenueByCountry)
  const others = await figures(
    `select country as name, sum(value) as value from (
       select country, total_minor - refunded_minor as value from orders.orders
       where status <> 'cancelled' and order_id <> all($1)
       union all select country, -total_minor from orders.credits where credit_id <> all($2)
     ) o group by country`,
    [expected.orderIds, expected.creditIds],
  )
  for (const [country, value] of others) countries.set(country, (countries.get(country) ?? 0) + value)
  findings.push({
    what: 'revenue by country',
    expected: digest(countries),
    found: digest(await figures('select country as name, revenue_minor as value from analytics.countries', [])),
  })
  return findings
}
