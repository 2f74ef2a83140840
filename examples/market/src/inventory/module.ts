import { defineModule, type Sql } from 'banyan'
import { orders } from '../orders/contract.js'
import type { OrderLine } from '../values.js'
import { inventory } from './contract.js'

type MoveKind = 'receipt' | 'adjustment' | 'sale' | 'release' | 'return'
interface Move {
  sku: string
  quantity: number
}

/** Moves stock, one row for each product, in the order of products so that two moves never wait for each other in turn. */
async function moveStock(sql: Sql, kind: MoveKind, reference: string, moves: readonly Move[]): Promise<void> {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of moves) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  const skus = rows.map(([sku]) => sku)
  const quantities = rows.map(([, quantity]) => quantity)
  await sql`
    insert into stock (sku, on_hand) select * from unnest(${skus}::text[], ${quantities}::bigint[])
    on conflict (sku) do update set on_hand = stock.on_hand + excluded.on_hand`
  await sql`
    insert into moves (kind, reference, sku, quantity)
    select ${kind}, ${reference}, sku, quantity from unnest(${skus}::text[], ${quantities}::bigint[]) as m (sku, quantity)`
}

/** Takes stock for an order if all of it is there; else tells what is short, and takes nothing. */
async function takeStock(
  sql: Sql,
  orderId: string,
  lines: readonly OrderLine[],
): Promise<{ sku: string; available: number } | undefined> {
  const wanted = new Map<string, number>()
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
  const skus = [...wanted.keys()].sort()
  const held = await sql<{ sku: string; onHand: number }>`
    select sku, on_hand as "onHand" from stock where sku = any(${skus}) order by sku for update`
  const levels = new Map(held.map(({ sku, onHand }) => [sku, onHand]))
  for (const [sku, quantity] of wanted) {
    const available = levels.get(sku) ?? 0
    if (available < quantity) return { sku, available }
  }
  const quantities = skus.map((sku) => -(wanted.get(sku) ?? 0))
  await sql`
    with taken as (
      update stock set on_hand = on_hand + m.quantity
      from unnest(${skus}::text[], ${quantities}::bigint[]) as m (sku, quantity) where stock.sku = m.sku
      returning stock.sku, m.quantity
    ), noted as (
      insert into moves (kind, reference, sku, quantity) select 'sale', ${orderId}, sku, quantity from taken
    )
    insert into reservations (order_id, lines) values (${orderId}, ${sql.json(lines)})`
  return undefined
}

export default defineModule(inventory, {
  listens: { orders },
  migrations: 'src/inventory/migrations',
  commands: {
    async receive({ lines }, { sql, newId }) {
      await moveStock(sql, 'receipt', newId(), lines)
      return { received: lines.length }
    },
    async adjust({ lines, reason }, { sql, emit, newId }) {
      // Counting may find more missing than the books hold: the books then go to zero, not below.
      const skus = lines.map(({ sku }) => sku)
      const held = await sql<{ sku: string; onHand: number }>`
        select sku, on_hand as "onHand" from stock where sku = any(${skus}) order by sku for update`
      const levels = new Map(held.map(({ sku, onHand }) => [sku, onHand]))
      const moves: Move[] = []
      for (const { sku, quantity } of lines) {
        const level = levels.get(sku) ?? 0
        const moved = Math.max(quantity, -level)
        levels.set(sku, level + moved)
        if (moved !== 0) moves.push({ sku, quantity: moved })
      }
      // Falling levels first would break `on_hand >= 0` in an insert, so rows that exist are updated one by one.
      const reference = newId()
      for (const { sku, quantity } of moves) {
        const changed = await sql`update stock set on_hand = on_hand + ${quantity} where sku = ${sku}`.run()
        if (changed === 0) await sql`insert into stock values (${sku}, ${quantity})`
        await sql`insert into moves (kind, reference, sku, quantity) values ('adjustment', ${reference}, ${sku}, ${quantity})`
        emit.adjusted({ sku, quantity, reason })
      }
      return { adjusted: moves.length }
    },
  },
  queries: {
    level: ({ sku }, { sql }) =>
      sql<{ sku: string; onHand: number }>`select sku, on_hand as "onHand" from stock where sku = ${sku}`.first(),
  },
  on: {
    orders: {
      async placed({ orderId, lines }, { sql, emit }) {
        const short = await takeStock(sql, orderId, lines)
        if (short) emit.rejected({ orderId, ...short })
        else emit.reserved({ orderId, units: lines.reduce((sum, { quantity }) => sum + quantity, 0) })
      },
      async cancelled({ orderId }, { sql, emit }) {
        const held = await sql<{ lines: OrderLine[] }>`
          update reservations set released = true where order_id = ${orderId} and not released returning lines`.first()
        if (!held) return
        await moveStock(sql, 'release', orderId, held.lines)
        emit.restocked({ orderId, lines: held.lines })
      },
      async returned({ orderId, lines }, { sql, emit }) {
        await moveStock(sql, 'return', orderId, lines)
        emit.restocked({ orderId, lines })
      },
      async credited({ creditId, lines }, { sql, emit }) {
        await moveStock(sql, 'return', creditId, lines)
        emit.restocked({ orderId: creditId, lines })
      },
    },
  },
})
