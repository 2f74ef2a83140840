import type { Client } from 'pg'
import { quoteIdentifier, quoteLiteral } from '../roles/names.js'

/** What the server is, and may be asked to do. */
export interface ServerFacts {
  /** `server_version_num`, for example 150006. */
  readonly versionNumber: number
  /** For example `15.6`. */
  readonly version: string
  readonly mayCreateRoles: boolean
  readonly mayCreateSchemas: boolean
}

/** What is there already for one module. */
export interface ModuleFacts {
  readonly schema: string
  readonly role: string
  readonly roleExists: boolean
  readonly schemaOwner: string | undefined
  /** Version of Banyan's own tables; 0 when there are none. */
  readonly version: number
}

interface FactRow {
  schema: string
  role: string
  role_exists: boolean
  schema_owner: string | null
  has_meta: boolean
}

/** One look at the server and at all modules: two round trips, however many modules there are. */
export async function inspectServer(
  client: Client,
  modules: readonly { schema: string; role: string }[],
): Promise<{ server: ServerFacts; modules: ModuleFacts[] }> {
  const { rows: servers } = await client.query<{ [Fact in keyof ServerFacts]: ServerFacts[Fact] }>(`
    select current_setting('server_version_num')::int as "versionNumber",
      split_part(current_setting('server_version'), ' ', 1) as version,
      rolsuper or rolcreaterole as "mayCreateRoles",
      has_database_privilege(current_database(), 'CREATE') as "mayCreateSchemas"
    from pg_roles where rolname = current_user`)
  const { rows } = await client.query<FactRow>(
    `select w.schema, w.role, r.oid is not null as role_exists, pg_get_userbyid(n.nspowner) as schema_owner,
       c.oid is not null as has_meta
     from unnest($1::text[], $2::text[]) as w (schema, role)
     left join pg_roles r on r.rolname = w.role
     left join pg_namespace n on n.nspname = w.schema
     left join pg_class c on c.relnamespace = n.oid and c.relname = 'banyan_meta'`,
    [modules.map((module) => module.schema), modules.map((module) => module.role)],
  )
  const versions = await readVersions(
    client,
    rows.filter((row) => row.has_meta && row.schema_owner === row.role).map((row) => row.schema),
  )
  return {
    server: servers[0] as ServerFacts,
    modules: rows.map((row) => ({
      schema: row.schema,
      role: row.role,
      roleExists: row.role_exists,
      schemaOwner: row.schema_owner ?? undefined,
      version: versions.get(row.schema) ?? 0,
    })),
  }
}

async function readVersions(client: Client, schemas: readonly string[]): Promise<Map<string, number>> {
  if (schemas.length === 0) return new Map()
  const one = (schema: string): string =>
    `select ${quoteLiteral(schema)} as schema, version from ${quoteIdentifier(schema)}.banyan_meta`
  const { rows } = await client.query<{ schema: string; version: number }>(schemas.map(one).join(' union all '))
  return new Map(rows.map((row) => [row.schema, row.version]))
}
