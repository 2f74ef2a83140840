import type { Sql } from 'banyan'
import type { OrderLine } from '../values.js'

export interface OrderRow {
  orderId: string
  customerId: string
  country: string
  status: 'placed' | 'confirmed' | 'paid' | 'shipped' | 'cancelled' | 'returned'
  totalMinor: number
  refundedMinor: number
  placedAt: string
  reason: string | null
}

/** Columns of an order as the contract names them. */
export const orderColumns = (sql: Sql) => sql`
  order_id as "orderId", customer_id as "customerId", country, status, total_minor as "totalMinor",
  refunded_minor as "refundedMinor", reason,
  to_char(placed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "placedAt"`

/** An order locked until the end of the unit of work. */
export function lockOrder(sql: Sql, orderId: string): Promise<OrderRow | null> {
  return sql<OrderRow>`select ${orderColumns(sql)} from orders where order_id = ${orderId} for update`.first()
}

export function linesOf(sql: Sql, orderId: string): Promise<OrderLine[]> {
  return sql<OrderLine>`
    select sku, quantity, unit_price_minor as "unitPriceMinor" from lines where order_id = ${orderId} order by line`.all()
}
