import { banyanError, problemsError } from '@banyan/errors'
import type { Client } from 'pg'
import { applyMigrations } from '../migrate/apply.js'
import { actAs } from '../migrate/database.js'
import type { Migration } from '../migrate/read.js'
import { derivedCredentials } from '../roles/logins.js'
import { scramVerifier } from '../roles/password.js'
import { inspectServer } from '../schema/inspect.js'
import { installModule, withInstallLock } from '../schema/install.js'
import { installProblems } from '../schema/plan.js'
import { type Side, withClient } from './session.js'
import type { PromotedModule } from './source.js'

const refused = (summary: string) => banyanError('promote-refused', { summary })

interface EncodingRow {
  encoding: string
  recovery: boolean
}

/**
 * Checks that the target can take the app.
 * @throws `store-version-mismatch`, `promote-refused`
 */
export async function checkTarget(client: Client): Promise<void> {
  const { server } = await inspectServer(client, [])
  if (server.versionNumber < 150_000) {
    throw banyanError('store-version-mismatch', { found: server.version, wanted: '15 or later' })
  }
  const { rows } = await client.query<EncodingRow>(
    "select current_setting('server_encoding') as encoding, pg_is_in_recovery() as recovery",
  )
  if (rows[0]?.recovery) throw refused('the target is a standby, which cannot be written')
  if (rows[0]?.encoding !== 'UTF8') throw refused(`the target database has encoding ${rows[0]?.encoding}, not UTF8`)
}

/** @throws `store-privileges` with everything that the admin may not do, `promote-refused` for a schema of somebody else */
export async function checkPrivileges(client: Client, modules: readonly PromotedModule[]): Promise<void> {
  const { server, modules: facts } = await inspectServer(client, modules)
  const problems = modules.flatMap((module) => {
    const fact = facts.find(({ schema }) => schema === module.schema)
    return fact ? installProblems(server, module, fact) : []
  })
  if (problems.length > 0)
    throw problemsError('store-privileges', { what: 'make what is missing on the target' }, problems)
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
  for (const { role, schema } of modules) {
    const { password } = derivedCredentials(secret, role)
    const verifier = password === undefined ? undefined : scramVerifier(role, password)
    await installModule(client, { role, schema, verifier })
  }
}

async function migrate(client: Client, plan: TargetPlan, module: PromotedModule): Promise<void> {
  const { name, schema } = module
  const migrations = plan.migrations.get(name) ?? []
  // In a run that goes on, foreign keys are off: a difference that this promotion made itself.
  const work = { client, schema, module: name, migrations, now: plan.now, drift: 'warn' } as const
  await actAs(client, module, () => applyMigrations(work))
}
