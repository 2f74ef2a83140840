import type { CommandHandler } from 'banyan'
import { type OrderLine, totalOf } from '../values.js'
import type { orders } from './contract.js'
import { lockOrder } from './read-order.js'

interface Held extends OrderLine {
  line: number
  left: number
}

interface Back extends OrderLine {
  line: number
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
  const given = new Map<string, number>()
  for (const { sku, quantity } of lines) given.set(sku, (given.get(sku) ?? 0) + quantity)
  const back: Back[] = []
  for (const [sku, quantity] of given) {
    const { taken, left } = takeFrom(held, sku, quantity)
    if (left < quantity) throw fail.tooMany({ sku, left })
    back.push(...taken)
  }
  const returned = back.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor }))
  const refundMinor = totalOf(returned)
  const open = held.reduce((sum, { left }) => sum + left, 0) - back.reduce((sum, { quantity }) => sum + quantity, 0)
  await sql`
    with back as (
      update lines set returned = returned + b.quantity
      from unnest(${back.map(({ line }) => line)}::integer[], ${back.map(({ quantity }) => quantity)}::bigint[]) as b (line, quantity)
      where lines.order_id = ${orderId} and lines.line = b.line
    )
    update orders set refunded_minor = refunded_minor + ${refundMinor}, status = ${open === 0 ? 'returned' : 'shipped'}
    where order_id = ${orderId}`
  const { country, placedAt } = order
  emit.returned({ orderId, returnId: newId(), country, refundMinor, placedAt, lines: returned })
  return { refundMinor }
}

/** Which lines so many of a product come from, and how many could be given back at most. */
function takeFrom(held: readonly Held[], sku: string, quantity: number): { taken: Back[]; left: number } {
  const taken: Back[] = []
  let open = quantity
  let left = 0
  for (const line of held) {
    if (line.sku !== sku) continue
    left += line.left
    const here = Math.min(open, line.left)
    open -= here
    if (here > 0) taken.push({ line: line.line, sku, quantity: here, unitPriceMinor: line.unitPriceMinor })
  }
  return { taken, left }
}
