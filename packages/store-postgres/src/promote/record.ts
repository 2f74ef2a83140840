import type { ClientBase } from 'pg'

/**
 * What a promotion remembers, on both sides, in the schema `banyan_promotion`. The same id on both sides says that the
 * target's data is a copy of this source's, so an interrupted promotion knows its own work.
 *
 * I1 The order is: source `copying`, target begun, (copy), source `finishing`, target finished, source `promoted`.
 *    From `finishing` on the source refuses to start, so nothing can be written there that the target lacks.
 */
export interface SourceRecord {
  readonly promotion: string
  readonly target: string
  readonly state: 'copying' | 'finishing' | 'promoted'
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface TargetRecord {
  readonly promotion: string
  /** Milliseconds since 1970. */
  readonly beganAt: number
  readonly finished: boolean
}

/** A table that was copied and verified. */
export interface CopiedRecord {
  readonly rows: string
  readonly checksum: string
}

const tables = [
  'create schema if not exists banyan_promotion',
  `create table if not exists banyan_promotion.sources (
    app text primary key, promotion text not null, target text not null, state text not null, at bigint not null)`,
  `create table if not exists banyan_promotion.targets (
    app text primary key, promotion text not null, began_at bigint not null, finished_at bigint)`,
  `create table if not exists banyan_promotion.copied (
    app text not null, table_schema text not null, table_name text not null, rows bigint not null,
    checksum numeric not null, primary key (app, table_schema, table_name))`,
  `create table if not exists banyan_promotion.foreign_keys (
    app text not null, table_schema text not null, table_name text not null, owner text not null, name text not null,
    definition text not null, primary key (app, table_schema, table_name, name))`,
  // A process that knows the logins of modules only must see, too, that it is at the wrong place.
  'grant usage on schema banyan_promotion to public',
  'grant select on banyan_promotion.sources, banyan_promotion.targets to public',
]

/** Makes the tables of the record, where they are missing. */
export async function ensurePromotionTables(client: ClientBase): Promise<void> {
  await client.query(tables.join(';\n'))
}

/** Whether this database ever took part in a promotion. */
export async function hasPromotionTables(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    "select to_regclass('banyan_promotion.foreign_keys') is not null as found",
  )
  return rows[0]?.found === true
}

/** What the source remembers of the app; undefined when it was never promoted. */
export async function readSourceRecord(client: ClientBase, app: string): Promise<SourceRecord | undefined> {
  if (!(await hasPromotionTables(client))) return undefined
  const { rows } = await client.query<{ promotion: string; target: string; state: SourceRecord['state']; at: string }>(
    'select promotion, target, state, at::text from banyan_promotion.sources where app = $1',
    [app],
  )
  const row = rows[0]
  return row && { promotion: row.promotion, target: row.target, state: row.state, at: Number(row.at) }
}

export async function writeSourceRecord(client: ClientBase, app: string, record: SourceRecord): Promise<void> {
  await client.query(
    `insert into banyan_promotion.sources (app, promotion, target, state, at) values ($1, $2, $3, $4, $5)
     on conflict (app) do update set promotion = excluded.promotion, target = excluded.target, state = excluded.state,
       at = excluded.at`,
    [app, record.promotion, record.target, record.state, Math.floor(record.at)],
  )
}

/** What the target remembers of the app; undefined when nothing was promoted to it. */
export async function readTargetRecord(client: ClientBase, app: string): Promise<TargetRecord | undefined> {
  if (!(await hasPromotionTables(client))) return undefined
  const { rows } = await client.query<{ promotion: string; began_at: string; finished: boolean }>(
    `select promotion, began_at::text, finished_at is not null as finished from banyan_promotion.targets where app = $1`,
    [app],
  )
  const row = rows[0]
  return row && { promotion: row.promotion, beganAt: Number(row.began_at), finished: row.finished }
}

export async function beginTargetRecord(client: ClientBase, app: string, promotion: string, at: number): Promise<void> {
  const text = 'insert into banyan_promotion.targets (app, promotion, began_at) values ($1, $2, $3)'
  await client.query(text, [app, promotion, Math.floor(at)])
}

/** Marks the target as complete, and forgets how far each table was. */
export async function finishTargetRecord(client: ClientBase, app: string, at: number): Promise<void> {
  await client.query('begin')
  await client.query('update banyan_promotion.targets set finished_at = $2 where app = $1', [app, Math.floor(at)])
  await client.query('delete from banyan_promotion.copied where app = $1', [app])
  await client.query('commit')
}

interface TableName {
  readonly schema: string
  readonly name: string
}

export async function readCopied(client: ClientBase, app: string, table: TableName): Promise<CopiedRecord | undefined> {
  const { rows } = await client.query<CopiedRecord>(
    `select rows::text, checksum::text from banyan_promotion.copied
     where app = $1 and table_schema = $2 and table_name = $3`,
    [app, table.schema, table.name],
  )
  return rows[0]
}

export async function writeCopied(
  client: ClientBase,
  app: string,
  table: TableName,
  copied: CopiedRecord,
): Promise<void> {
  await client.query(
    `insert into banyan_promotion.copied (app, table_schema, table_name, rows, checksum) values ($1, $2, $3, $4, $5)
     on conflict (app, table_schema, table_name) do update set rows = excluded.rows, checksum = excluded.checksum`,
    [app, table.schema, table.name, copied.rows, copied.checksum],
  )
}
