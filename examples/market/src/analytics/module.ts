import { defineModule, type Sql } from 'banyan'
import { orders } from '../orders/contract.js'
import { type OrderLine, totalOf } from '../values.js'
import { analytics } from './contract.js'

interface Sale {
  at: string
  country: string
  lines: readonly OrderLine[]
  /** 1 for a sale, -1 for what takes it back. */
  sign: 1 | -1
  /** How many orders it adds. */
  orders: number
}

/** Counts a sale in all three tables by one statement. */
async function count(sql: Sql, { at, country, lines, sign, orders }: Sale): Promise<void> {
  const products = new Map<string, { revenue: number; units: number }>()
  for (const { sku, quantity, unitPriceMinor } of lines) {
    const sum = products.get(sku) ?? { revenue: 0, units: 0 }
    sum.revenue += sign * quantity * unitPriceMinor
    sum.units += sign * quantity
    products.set(sku, sum)
  }
  const rows = [...products].sort(([a], [b]) => (a < b ? -1 : 1))
  const revenue = sign * totalOf(lines)
  await sql`
    with day as (
      insert into days values (${at.slice(0, 10)}, ${revenue}, ${orders}) on conflict (day) do update
      set revenue_minor = days.revenue_minor + excluded.revenue_minor, orders = days.orders + excluded.orders
    ), country as (
      insert into countries values (${country}, ${revenue}, ${orders}) on conflict (country) do update
      set revenue_minor = countries.revenue_minor + excluded.revenue_minor, orders = countries.orders + excluded.orders
    )
    insert into products
    select * from unnest(${rows.map(([sku]) => sku)}::text[], ${rows.map(([, { revenue }]) => revenue)}::bigint[],
      ${rows.map(([, { units }]) => units)}::bigint[]) on conflict (sku) do update
    set revenue_minor = products.revenue_minor + excluded.revenue_minor, units = products.units + excluded.units`
}

export default defineModule(analytics, {
  listens: { orders },
  migrations: 'src/analytics/migrations',
  queries: {
    byDay: ({ limit = 100 }, { sql }) =>
      sql<{ day: string; revenueMinor: number; orders: number }>`
        select day, revenue_minor as "revenueMinor", orders from days order by day desc limit ${limit}`.all(),
    byCountry: ({ limit = 100 }, { sql }) =>
      sql<{ country: string; revenueMinor: number; orders: number }>`
        select country, revenue_minor as "revenueMinor", orders from countries order by revenue_minor desc limit ${limit}`.all(),
    byProduct: ({ limit = 100 }, { sql }) =>
      sql<{ sku: string; revenueMinor: number; units: number }>`
        select sku, revenue_minor as "revenueMinor", units from products order by revenue_minor desc limit ${limit}`.all(),
  },
  on: {
    orders: {
      placed: ({ placedAt, country, lines }, { sql }) =>
        count(sql, { at: placedAt, country, lines, sign: 1, orders: 1 }),
      cancelled: ({ placedAt, country, lines }, { sql }) =>
        count(sql, { at: placedAt, country, lines, sign: -1, orders: -1 }),
      returned: ({ placedAt, country, lines }, { sql }) =>
        count(sql, { at: placedAt, country, lines, sign: -1, orders: 0 }),
      credited: ({ creditedAt, country, lines }, { sql }) =>
        count(sql, { at: creditedAt, country, lines, sign: -1, orders: 0 }),
    },
  },
})
