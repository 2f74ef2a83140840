import type { CommandHandler } from 'banyan'
import { type OrderLine, totalOf } from '../values.js'
import type { orders } from './contract.js'
import { lockOrder } from './read-order.js'

interface Held extends OrderLine {
  line: number
  left: number
}

/** Takes goods of a shipped order back, at the prices they were sold for, never more than were sold. */
export const takeBack: CommandHandler<typeof orders, 'giveBack'> = async (
  { orderId, lines },
  { sql, emit, fail, newId },
) => {
  const order = await lockOrder(sql, orderId)
  if (!order) throw fail.unknownOrder({ orderId })
  if (order.status !== 'shipped') throw fail.notShipped({ status: order.status })
  const held = await sql<Held>`
    select line, sku, quantity, unit_price_minor as "unitPriceMinor", quantity - returned as left
    from lines where order_id = ${orderId} order by line`
  const back: OrderLine[] = []
  for (const { sku, quantity } of lines) {
    let open = quantity
    for (const line of held) {
      if (line.sku !== sku || open === 0) continue
      const taken = Math.min(open, line.left)
      if (taken === 0) continue
      line.left -= taken
      open -= taken
      back.push({ sku, quantity: taken, unitPriceMinor: line.unitPriceMinor })
      await sql`update lines set returned = returned + ${taken} where order_id = ${orderId} and line = ${line.line}`
    }
    if (open > 0) throw fail.tooMany({ sku, left: quantity - open })
  }
  const refundMinor = totalOf(back)
  const all = held.every(({ left }) => left === 0)
  await sql`
    update orders set refunded_minor = refunded_minor + ${refundMinor}, status = ${all ? 'returned' : 'shipped'}
    where order_id = ${orderId}`
  emit.returned({
    orderId,
    returnId: newId(),
    country: order.country,
    refundMinor,
    placedAt: order.placedAt,
    lines: back,
  })
  return { refundMinor }
}
