import type { ClientBase } from 'pg'
import { quoted, type TableInventory } from './inventory.js'

/** How many rows a table holds, and a number that is the same for the same rows in any order. */
export interface TableSum {
  readonly rows: string
  readonly checksum: string
}

/**
 * The sum over all rows of 60 bits of the SHA-256 of the row's text. SHA-256, because PostgreSQL's own hash functions
 * may differ between versions and processor families; a sum, because rows have no order; and unlike with exclusive or,
 * two equal rows do not cancel out. Needs a session with portable text.
 */
export async function sumTable(client: ClientBase, table: TableInventory): Promise<TableSum> {
  const row = `row(${table.columns.map(({ name }) => client.escapeIdentifier(name)).join(', ')})::text`
  const hash = `('x' || left(encode(sha256(convert_to(${row}, 'UTF8')), 'hex'), 15))::bit(60)::bigint`
  const { rows } = await client.query<TableSum>(
    `select count(*)::text as rows, coalesce(sum(${hash}), 0)::text as checksum from only ${quoted(client, table)}`,
  )
  return rows[0] as TableSum
}

export function sameSum(one: TableSum, other: TableSum): boolean {
  return one.rows === other.rows && one.checksum === other.checksum
}
