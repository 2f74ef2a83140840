import type { ClientBase } from 'pg'
import {
  aloneInPath,
  descriptionFormat,
  descriptionFromRows,
  descriptionQuery,
  queryTogether,
  type SchemaDescription,
} from './describe.js'
import {
  descriptionFromText,
  descriptionHash,
  descriptionText,
  type SchemaDifference,
  schemaDifferences,
} from './difference.js'

/** A migration that was applied, as its module's schema remembers it. */
export interface AppliedMigration {
  readonly number: number
  readonly name: string
  readonly checksum: string
  /** Milliseconds since 1970. */
  readonly appliedAt: number
  readonly durationMs: number
}

/** The description that the migrations led to, when it was recorded. */
export interface RecordedSchema {
  readonly hash: string
  readonly description: SchemaDescription
  /**
   * True while migrations are under way. Found at a start, it tells that a process ended among them, so what is there
   * now is between two descriptions and cannot be compared.
   */
  readonly changing: boolean
  /** Whether this server and this version of Banyan would describe the same schema by the same words. */
  readonly comparable: boolean
}

/** What a look at a schema finds, by one round trip. */
export interface SchemaLook {
  readonly applied: readonly AppliedMigration[]
  readonly recorded: RecordedSchema | undefined
  readonly description: SchemaDescription
}

interface AppliedRow {
  number: number
  name: string
  checksum: string
  applied_at: Date
  duration_ms: number
}

interface RecordedRow {
  hash: string
  description: string
  changing: boolean
  format: number
  same_server: boolean
}

const major = "current_setting('server_version_num')::integer / 10000"

/** Makes the tables that remember migrations, where they are missing. */
export async function ensureRecordTables(client: ClientBase, schema: string): Promise<void> {
  const space = client.escapeIdentifier(schema)
  await queryTogether(client, [
    `create table if not exists ${space}.banyan_migrations (
      number integer primary key, name text not null, checksum text not null,
      applied_at timestamptz not null, duration_ms integer not null)`,
    `create table if not exists ${space}.banyan_schema (
      one boolean primary key default true check (one), hash text not null, description text not null,
      changing boolean not null, format integer not null, postgres integer not null)`,
  ])
}

/** Reads what was applied, what was recorded, and describes what is there. Fails where the record tables are missing. */
export async function lookAtSchema(client: ClientBase, schema: string): Promise<SchemaLook> {
  const space = client.escapeIdentifier(schema)
  const [, applied, recorded, described] = await queryTogether(client, [
    aloneInPath(client, schema),
    `select number, name, checksum, applied_at, duration_ms from ${space}.banyan_migrations order by number`,
    `select hash, description, changing, format, postgres = ${major} as same_server from ${space}.banyan_schema`,
    descriptionQuery(client, schema),
  ])
  const row = (recorded as RecordedRow[])[0]
  return {
    applied: (applied as AppliedRow[]).map(fromAppliedRow),
    recorded: row && {
      hash: row.hash,
      description: descriptionFromText(row.description),
      changing: row.changing,
      comparable: row.same_server && row.format === descriptionFormat,
    },
    description: descriptionFromRows(described as never[]),
  }
}

/** What is there beside what was recorded; nothing where the two cannot be compared. */
export function driftOf({ recorded, description }: SchemaLook): readonly SchemaDifference[] {
  if (!recorded?.comparable || recorded.changing || recorded.hash === descriptionHash(description)) return []
  return schemaDifferences(recorded.description, description)
}

/** Whether the tables that remember migrations are there. */
export async function hasRecordTables(client: ClientBase, schema: string): Promise<boolean> {
  const text =
    "select count(*)::integer as found from pg_tables where schemaname = $1 and tablename in ('banyan_migrations', 'banyan_schema')"
  const { rows } = await client.query<{ found: number }>(text, [schema])
  return rows[0]?.found === 2
}

/** Remembers one applied migration. */
export async function recordApplied(client: ClientBase, schema: string, applied: AppliedMigration): Promise<void> {
  const text = `insert into ${client.escapeIdentifier(schema)}.banyan_migrations values ($1, $2, $3, $4, $5)`
  const { number, name, checksum, appliedAt, durationMs } = applied
  await client.query(text, [number, name, checksum, new Date(appliedAt), Math.round(durationMs)])
}

/** Remembers a description as what the migrations led to. */
export async function recordSchema(client: ClientBase, schema: string, description: SchemaDescription): Promise<void> {
  const text = `insert into ${client.escapeIdentifier(schema)}.banyan_schema (hash, description, changing, format, postgres)
    values ($1, $2, false, $3, ${major})
    on conflict (one) do update set hash = excluded.hash, description = excluded.description, changing = false,
      format = excluded.format, postgres = excluded.postgres`
  await client.query(text, [descriptionHash(description), descriptionText(description), descriptionFormat])
}

/** Marks the record as not comparable until a description is recorded again. */
export async function recordChanging(client: ClientBase, schema: string): Promise<void> {
  await client.query(`update ${client.escapeIdentifier(schema)}.banyan_schema set changing = true where not changing`)
}

function fromAppliedRow(row: AppliedRow): AppliedMigration {
  const { number, name, checksum } = row
  return { number, name, checksum, appliedAt: row.applied_at.getTime(), durationMs: row.duration_ms }
}
