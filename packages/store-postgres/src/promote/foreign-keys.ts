import type { Client } from 'pg'
import { quoted } from './inventory.js'
import type { Owned, PortableSession } from './session.js'

/**
 * Foreign keys are taken off the target while tables are copied, so that order, cycles and tables that refer to
 * themselves do not matter, and put back afterwards, which checks all rows at once.
 *
 * I1 A key and its record change in one transaction: a key that is off is always recorded.
 */
interface ForeignKey {
  readonly table_schema: string
  readonly table_name: string
  readonly owner: string
  readonly name: string
  readonly definition: string
}

// A key with a parent is the copy of a partitioned table's key in one of its parts; it comes and goes with that.
const query = `
  select n.nspname as table_schema, r.relname as table_name, pg_get_userbyid(r.relowner) as owner, c.conname as name,
    pg_get_constraintdef(c.oid) as definition
  from pg_constraint c join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace
  where c.contype = 'f' and c.conparentid = 0 and n.nspname = any ($1)`

function tableOf(client: Client, key: ForeignKey): string {
  return quoted(client, { schema: key.table_schema, name: key.table_name })
}

const ownedBy = (key: ForeignKey): Owned => ({ owner: key.owner, schema: key.table_schema })

/** Takes all foreign keys off the tables of the schemas. */
export async function dropForeignKeys(
  session: PortableSession,
  app: string,
  schemas: readonly string[],
): Promise<void> {
  const { client } = session
  const { rows } = await client.query<ForeignKey>(query, [schemas])
  for (const key of rows) {
    await client.query('begin')
    await client.query(
      `insert into banyan_promotion.foreign_keys (app, table_schema, table_name, owner, name, definition)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [app, key.table_schema, key.table_name, key.owner, key.name, key.definition],
    )
    const drop = `alter table ${tableOf(client, key)} drop constraint ${client.escapeIdentifier(key.name)}`
    await session.as(ownedBy(key), () => client.query(drop))
    await client.query('commit') // I1
  }
}

/** Puts back every foreign key that is off. */
export async function restoreForeignKeys(session: PortableSession, app: string): Promise<void> {
  const { client } = session
  const { rows } = await client.query<ForeignKey>(
    `select table_schema, table_name, owner, name, definition from banyan_promotion.foreign_keys where app = $1
     order by table_schema, table_name, name`,
    [app],
  )
  for (const key of rows) {
    const add = `alter table ${tableOf(client, key)} add constraint ${client.escapeIdentifier(key.name)} ${key.definition}`
    await client.query('begin')
    await session.as(ownedBy(key), () => client.query(add))
    await client.query(
      `delete from banyan_promotion.foreign_keys
       where app = $1 and table_schema = $2 and table_name = $3 and name = $4`,
      [app, key.table_schema, key.table_name, key.name],
    )
    await client.query('commit') // I1
  }
}
