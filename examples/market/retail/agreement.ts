import type { Books, Finding } from './books.js'
import { digest } from './expectation.js'

/** Two views of the same thing, from the tables of two modules (or of one, from two tables). */
interface Pair {
  readonly what: string
  readonly expected: readonly [module: string, statement: string]
  readonly found: readonly [module: string, statement: string]
}

// What was sold for good; an order that is under way is none of it, so the books agree only at rest.
const sold = "status in ('shipped', 'returned')"
const creditLines =
  'orders.credits, jsonb_to_recordset(lines) as l (sku text, quantity bigint, "unitPriceMinor" bigint)'

const soldByProduct = (value: string, credited: string): string => `
  select sku as name, sum(value)::bigint as value from (
    select sku, ${value} as value from orders.lines join orders.orders using (order_id) where ${sold}
    union all select l.sku, -(${credited}) from ${creditLines}
  ) s group by sku`

const revenueBy = (ofOrder: string, ofCredit: string): string => `
  select name, sum(value)::bigint as value from (
    select ${ofOrder} as name, total_minor - refunded_minor as value from orders.orders where ${sold}
    union all select ${ofCredit}, -total_minor from orders.credits
  ) s group by name`

const pairs: readonly Pair[] = [
  {
    what: 'orders that are neither done nor cancelled',
    expected: ['orders', 'select null::text as name, 0 as value where false'],
    found: [
      'orders',
      `select order_id as name, 1 as value from orders.orders where not (${sold} or status = 'cancelled')`,
    ],
  },
  {
    what: 'money kept for each order',
    expected: [
      'orders',
      `select order_id as name, total_minor - refunded_minor as value from orders.orders where ${sold}
       union all select credit_id, -total_minor from orders.credits`,
    ],
    found: [
      'payments',
      `select order_id as name, sum(amount_minor)::bigint as value from (
         select order_id, amount_minor from payments.payments where status = 'captured'
         union all select order_id, -amount_minor from payments.refunds where paid_out
       ) m group by order_id`,
    ],
  },
  {
    what: 'charges of the provider',
    expected: [
      'payments',
      "select order_id as name, amount_minor as value from payments.payments where status = 'captured'",
    ],
    found: ['provider', 'select charge_id as name, amount_minor as value from provider.charges'],
  },
  {
    what: 'refunds of the provider',
    expected: ['payments', 'select refund_id as name, amount_minor as value from payments.refunds'],
    found: ['provider', 'select refund_id as name, amount_minor as value from provider.refunds'],
  },
  {
    what: 'parcels that left',
    expected: ['orders', `select order_id as name, 1 as value from orders.orders where ${sold}`],
    found: ['shipping', "select order_id as name, 1 as value from shipping.shipments where status = 'dispatched'"],
  },
  {
    what: 'parcels that wait',
    expected: ['orders', 'select null::text as name, 0 as value where false'],
    found: ['shipping', "select order_id as name, 1 as value from shipping.shipments where status = 'packed'"],
  },
  {
    what: 'reservations',
    expected: ['orders', `select order_id as name, 1 as value from orders.orders where ${sold}`],
    found: ['inventory', 'select order_id as name, 1 as value from inventory.reservations where not released'],
  },
  {
    what: 'goods that customers have, by product',
    expected: ['orders', soldByProduct('quantity - returned', 'l.quantity')],
    found: [
      'inventory',
      `select sku as name, -sum(quantity)::bigint as value from inventory.moves
       where kind in ('sale', 'release', 'return') group by sku`,
    ],
  },
  {
    what: 'stock from its moves',
    expected: ['inventory', 'select sku as name, sum(quantity)::bigint as value from inventory.moves group by sku'],
    found: ['inventory', 'select sku as name, on_hand as value from inventory.stock'],
  },
  {
    what: 'revenue by day, from the orders',
    expected: [
      'orders',
      revenueBy("(placed_at at time zone 'utc')::date::text", "(credited_at at time zone 'utc')::date::text"),
    ],
    found: ['analytics', 'select day::text as name, revenue_minor as value from analytics.days'],
  },
  {
    what: 'revenue by country, from the orders',
    expected: ['orders', revenueBy('country', 'country')],
    found: ['analytics', 'select country as name, revenue_minor as value from analytics.countries'],
  },
  {
    what: 'revenue by product, from the orders',
    expected: ['orders', soldByProduct('(quantity - returned) * unit_price_minor', 'l.quantity * l."unitPriceMinor"')],
    found: ['analytics', 'select sku as name, revenue_minor as value from analytics.products'],
  },
  {
    what: 'units by product, from the orders',
    expected: ['orders', soldByProduct('quantity - returned', 'l.quantity')],
    found: ['analytics', 'select sku as name, units as value from analytics.products'],
  },
  {
    what: 'orders by day',
    expected: [
      'orders',
      `select (placed_at at time zone 'utc')::date::text as name, count(*) as value from orders.orders where ${sold} group by 1`,
    ],
    found: ['analytics', 'select day::text as name, orders as value from analytics.days'],
  },
  {
    what: 'messages for each order',
    expected: [
      'orders',
      `select order_id as name, 2 as value from orders.orders where ${sold} or status = 'cancelled'`,
    ],
    found: [
      'notifications',
      'select order_id as name, count(*) as value from notifications.messages group by order_id',
    ],
  },
]

/**
 * Compares the books of the modules with each other: money, stock and what customers were told must agree order by order,
 * product by product. Only at rest do they.
 */
export async function agreement(books: Books): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { what, expected, found } of pairs) {
    const figures = async ([module, statement]: Pair['expected']): Promise<string> =>
      digest((await books.figures(module, statement)).map(({ name, value }) => [name, value]))
    findings.push({ what, expected: await figures(expected), found: await figures(found) })
  }
  return findings
}
