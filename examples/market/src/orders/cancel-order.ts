import type { Emits, Sql } from 'banyan'
import type { OrderLine } from '../values.js'
import type { orders } from './contract.js'
import type { OrderRow } from './read-order.js'

type Cancelled = Pick<OrderRow, 'customerId' | 'country' | 'totalMinor' | 'placedAt'> & { lines: OrderLine[] }

/**
 * Cancels an order that has not left. Whoever comes first decides: shipping asks the same row before a parcel leaves.
 * @returns the status that makes it too late; `unknown` when there is no such order; `cancelled` when it was done here
 */
export async function cancelOrder(
  sql: Sql,
  emit: Emits<typeof orders>,
  { orderId, reason }: { orderId: string; reason: string },
): Promise<'cancelled' | 'unknown' | { tooLate: OrderRow['status'] }> {
  const order = await sql<Cancelled>`
    update orders set status = 'cancelled', reason = ${reason}
    where order_id = ${orderId} and status in ('placed', 'confirmed', 'paid')
    returning customer_id as "customerId", country, total_minor as "totalMinor",
      to_char(placed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "placedAt",
      (select json_agg(json_build_object('sku', sku, 'quantity', quantity, 'unitPriceMinor', unit_price_minor) order by line)
       from lines where lines.order_id = orders.order_id) as lines`.first()
  if (order) {
    emit.cancelled({ orderId, reason, ...order })
    return 'cancelled'
  }
  const found = await sql<Pick<OrderRow, 'status'>>`select status from orders where order_id = ${orderId}`.first()
  return found ? { tooLate: found.status } : 'unknown'
}
