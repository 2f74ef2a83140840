import type { Sql } from 'banyan'
import type { OrderLine } from '../values.js'

export interface Move {
  readonly sku: string
  readonly quantity: number
}

/** What is missing of an order. */
export interface Shortage {
  readonly sku: string
  readonly available: number
}

/** One figure for each product, in the order of products, so that two statements never wait for each other in turn. */
function summed(moves: readonly Move[]): { skus: string[]; quantities: number[] } {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of moves) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  return { skus: rows.map(([sku]) => sku), quantities: rows.map(([, quantity]) => quantity) }
}

/** Adds to the stock, and notes why. Quantities are positive. */
export async function addStock(
  sql: Sql,
  kind: 'receipt' | 'release' | 'return',
  reference: string,
  lines: readonly Move[],
): Promise<void> {
  const { skus, quantities } = summed(lines)
  await sql`
    with added as (
      insert into stock (sku, on_hand) select * from unnest(${skus}::text[], ${quantities}::bigint[])
      on conflict (sku) do update set on_hand = stock.on_hand + excluded.on_hand
    )
    insert into moves (kind, reference, sku, quantity)
    select ${kind}, ${reference}, sku, quantity from unnest(${skus}::text[], ${quantities}::bigint[]) as m (sku, quantity)`
}

/**
 * Takes stock for an order if all of it is there; else tells what is short, and takes nothing. One statement: it locks
 * the levels, looks at them, and only then lowers them.
 */
export async function takeStock(sql: Sql, orderId: string, lines: readonly OrderLine[]): Promise<Shortage | null> {
  const { skus, quantities } = summed(lines)
  return sql<Shortage>`
    with wanted as materialized (
      select * from unnest(${skus}::text[], ${quantities}::bigint[]) as w (sku, quantity)
    ), held as materialized (
      select stock.sku, on_hand from stock where sku = any(${skus}) order by sku for update
    ), short as materialized (
      select sku, coalesce(on_hand, 0) as available from wanted left join held using (sku)
      where coalesce(on_hand, 0) < quantity order by sku limit 1
    ), taken as (
      update stock set on_hand = on_hand - quantity from wanted
      where stock.sku = wanted.sku and not exists (select from short)
      returning stock.sku, quantity
    ), noted as (
      insert into moves (kind, reference, sku, quantity) select 'sale', ${orderId}, sku, -quantity from taken
    ), reserved as (
      insert into reservations (order_id, lines)
      select ${orderId}, ${sql.json(lines)} where not exists (select from short)
    )
    select sku, available from short`.first()
}

/**
 * Writes down what counting found. The books go to zero, not below, where more is missing than they hold.
 * @returns the moves that came of it, one for each line that changed something
 */
export async function adjustStock(sql: Sql, reference: string, lines: readonly Move[]): Promise<Move[]> {
  const { skus } = summed(lines)
  // Products that the books do not know yet get a level of zero first, so that all levels can be locked.
  await sql`insert into stock select sku, 0 from unnest(${skus}::text[]) as m (sku) on conflict do nothing`
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
  await sql`
    with changed as (
      update stock set on_hand = l.on_hand
      from unnest(${[...levels.keys()]}::text[], ${[...levels.values()]}::bigint[]) as l (sku, on_hand)
      where stock.sku = l.sku
    )
    insert into moves (kind, reference, sku, quantity)
    select 'adjustment', ${reference}, sku, quantity
    from unnest(${moves.map(({ sku }) => sku)}::text[], ${moves.map(({ quantity }) => quantity)}::bigint[]) as m (sku, quantity)`
  return moves
}
