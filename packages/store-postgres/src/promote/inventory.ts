import type { ClientBase } from 'pg'

/** A table that holds rows of its own: plain, or the last level of a partitioned one. */
export interface TableInventory {
  readonly schema: string
  readonly name: string
  readonly owner: string
  /** In their order; those that are computed are left out when copying, and compared like the others. */
  readonly columns: readonly ColumnInventory[]
  /** Triggers of the module, and when they fire (`pg_trigger.tgenabled`). */
  readonly triggers: readonly { readonly name: string; readonly enabled: string }[]
}

export interface ColumnInventory {
  readonly name: string
  readonly type: string
  readonly generated: boolean
}

export interface PartitionInventory {
  readonly schema: string
  readonly name: string
  readonly owner: string
  /** Name of the table it is a part of, in the same schema. */
  readonly parent: string
  /** For example `FOR VALUES FROM (1) TO (10)`. */
  readonly bound: string
  /** For example `LIST (country)`, when it is partitioned itself. */
  readonly key: string | null
  /** 1 for a part of a table, 2 for a part of a part. */
  readonly level: number
}

export interface SequenceInventory {
  readonly schema: string
  readonly name: string
  readonly owner: string
}

export interface ViewInventory extends SequenceInventory {
  readonly populated: boolean
}

/** What of some schemas is copied. */
export interface Inventory {
  readonly tables: readonly TableInventory[]
  readonly partitions: readonly PartitionInventory[]
  readonly sequences: readonly SequenceInventory[]
  /** Materialized views, those that others are made from first. */
  readonly views: readonly ViewInventory[]
}

/** Tables that belong to one side: what was applied there. */
const perServer = new Set(['banyan_migrations', 'banyan_schema'])

const notOfExtension = `not exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')`

const tablesQuery = `
  select n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner,
    coalesce((select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'generated', a.attgenerated <> '') order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(json_build_object('name', t.tgname, 'enabled', t.tgenabled) order by t.tgname)
      from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal), '[]') as triggers
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind = 'r' and ${notOfExtension}
  order by n.nspname, c.relname`

const partitionsQuery = `
  with recursive part as (
    select c.oid, c.relname, c.relnamespace, 0 as level, null::name as parent
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and c.relkind = 'p' and not c.relispartition
    union all
    select c.oid, c.relname, c.relnamespace, part.level + 1, part.relname
    from part join pg_inherits i on i.inhparent = part.oid join pg_class c on c.oid = i.inhrelid)
  select n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner, part.parent, part.level,
    pg_get_expr(c.relpartbound, c.oid) as bound, case c.relkind when 'p' then pg_get_partkeydef(c.oid) end as key
  from part join pg_class c using (oid) join pg_namespace n on n.oid = c.relnamespace
  where part.level > 0
  order by part.level, n.nspname, c.relname`

const relationsQuery = `
  select n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner, c.relispopulated as populated
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind = $2 and ${notOfExtension}
  order by c.oid`

/** Lists what is to be copied of the schemas given. */
export async function takeInventory(client: ClientBase, schemas: readonly string[]): Promise<Inventory> {
  const tables = await client.query<TableInventory>(tablesQuery, [schemas])
  const partitions = await client.query<PartitionInventory>(partitionsQuery, [schemas])
  const sequences = await client.query<SequenceInventory>(relationsQuery, [schemas, 'S'])
  const views = await client.query<ViewInventory>(relationsQuery, [schemas, 'm'])
  return {
    tables: tables.rows.filter(({ name }) => !perServer.has(name)),
    partitions: partitions.rows,
    sequences: sequences.rows,
    views: views.rows,
  }
}

/** Name of a table, sequence or view for people. */
export function labelOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`
}

/** Name of a table, sequence or view for SQL. */
export function quoted(
  client: ClientBase,
  { schema, name }: { readonly schema: string; readonly name: string },
): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`
}

function shapeOf(inventory: Inventory): Map<string, string> {
  const shape = new Map<string, string>()
  for (const table of inventory.tables) {
    shape.set(`table ${labelOf(table)}`, 'exists')
    for (const { name, type, generated } of table.columns) {
      shape.set(`column ${labelOf(table)}.${name}`, generated ? `${type}, computed` : type)
    }
  }
  for (const sequence of inventory.sequences) shape.set(`sequence ${labelOf(sequence)}`, 'exists')
  return shape
}

/** What stands against copying rows from one inventory into the other, in words. */
export function inventoryDifferences(source: Inventory, target: Inventory): readonly string[] {
  const [from, to] = [shapeOf(source), shapeOf(target)]
  const differences: string[] = []
  for (const part of [...new Set([...from.keys(), ...to.keys()])].sort()) {
    const [one, other] = [from.get(part), to.get(part)]
    if (one === other) continue
    if (other === undefined) differences.push(`${part} is only in the source`)
    else if (one === undefined) differences.push(`${part} is only in the target`)
    else differences.push(`${part} is ${one} in the source, ${other} in the target`)
  }
  return differences
}
