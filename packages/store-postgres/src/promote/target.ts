import { banyanError } from '@banyan/errors'
import type { Client } from 'pg'
import { applyMigrations } from '../migrate/apply.js'
import type { Migration } from '../migrate/read.js'
import { derivePassword, scramVerifier } from '../roles/password.js'
import { inspectServer } from '../schema/inspect.js'
import { installModule, withInstallLock } from '../schema/install.js'
import { type Side, withClient } from './session.js'
import type { PromotedModule } from './source.js'

const refused = (summary: string) => banyanError('promote-refused', { summary })

interface EncodingRow {
  encoding: string
  recovery: boolean
}

/**
 * Checks that the target can take the app.
 * @throws `store-version-mismatch`, `store-privileges`, `promote-refused`
 */
export async function checkTarget(client: Client, modules: readonly PromotedModule[]): Promise<void> {
  const { server, modules: facts } = await inspectServer(client, modules)
  if (server.versionNumber < 150_000) {
    throw banyanError('store-version-mismatch', { found: server.version, wanted: '15 or later' })
  }
  const { rows } = await client.query<EncodingRow>(
    "select current_setting('server_encoding') as encoding, pg_is_in_recovery() as recovery",
  )
  if (rows[0]?.recovery) throw refused('the target is a standby, which cannot be written')
  if (rows[0]?.encoding !== 'UTF8') throw refused(`the target database has encoding ${rows[0]?.encoding}, not UTF8`)
  if (!server.mayCreateSchemas) throw banyanError('store-privileges', { what: 'create schemas in the target database' })
  const missing = facts.filter(({ roleExists }) => !roleExists)
  if (missing.length > 0 && !server.mayCreateRoles)
    throw banyanError('store-privileges', { what: 'create roles on the target' })
  for (const { schema, role, schemaOwner } of facts) {
    if (schemaOwner === undefined || schemaOwner === role) continue
    throw refused(`schema ${schema} of the target belongs to ${schemaOwner}, not to ${role}`)
  }
}

/** @throws `promote-target-not-empty` when a schema of the app holds anything */
export async function checkEmpty(client: Client, modules: readonly PromotedModule[]): Promise<void> {
  const { rows } = await client.query<{ schema: string; tables: string[] }>(
    `select schemaname as schema, array_agg(tablename::text order by tablename) as tables
     from pg_tables where schemaname = any ($1) group by schemaname order by schemaname`,
    [modules.map(({ schema }) => schema)],
  )
  const first = rows[0]
  if (!first) return
  const details = { schemas: rows.map(({ schema, tables }) => ({ schema, tables })) }
  throw banyanError('promote-target-not-empty', { schema: `schema ${first.schema}` }, { details })
}

/** What is applied to the target besides the data. */
export interface TargetPlan {
  readonly app: string
  readonly modules: readonly PromotedModule[]
  /** Per module, what was applied in the source. */
  readonly migrations: ReadonlyMap<string, readonly Migration[]>
  /** What the modules' passwords are derived from; without one, the roles get none here. */
  readonly secret: string | undefined
  readonly now: () => number
}

/** Makes roles, schemas, Banyan's own tables and those of the migrations; what is there already stays. */
export async function prepareTarget(side: Side, plan: TargetPlan): Promise<void> {
  await withClient(side, (client) => withInstallLock(client, () => installAll(client, plan)))
  for (const module of plan.modules) await withClient(side, (client) => migrate(client, plan, module))
}

async function installAll(client: Client, { modules, secret }: TargetPlan): Promise<void> {
  const { server, modules: facts } = await inspectServer(client, modules)
  for (const fact of facts) {
    const { role, schema } = fact
    const verifier = secret === undefined ? undefined : scramVerifier(secret, role, derivePassword(secret, role))
    await installModule(
      client,
      { role, schema, verifier, seesPublic: !server.publicIsOpen },
      fact,
      server.versionNumber,
    )
  }
}

async function migrate(client: Client, plan: TargetPlan, module: PromotedModule): Promise<void> {
  const { name, schema, role } = module
  await client.query(`set role ${client.escapeIdentifier(role)}`)
  const { rows } = await client.query<{ path: string }>(
    `select split_part(setting, '=', 2) as path from pg_roles, unnest(rolconfig) as setting
     where rolname = current_user and setting like 'search_path=%'`,
  )
  await client.query("select set_config('search_path', $1, false)", [rows[0]?.path ?? client.escapeIdentifier(schema)])
  // In a run that goes on, foreign keys are off: a difference that this promotion made itself.
  const migrations = plan.migrations.get(name) ?? []
  await applyMigrations({ client, schema, module: name, migrations, now: plan.now, drift: 'warn' })
}
