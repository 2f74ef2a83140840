import { banyanError, type Problem, problemsError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import type { Client, ClientConfig } from 'pg'
import { type ConnectionOptions, clientConfig, readSettings } from '../connection/settings.js'
import { derivedCredentials } from '../roles/logins.js'
import { planNames } from '../schema/plan.js'
import { prepareSchemas, withAdmin } from '../schema/prepare-modules.js'
import { type ApplyOptions, type ApplyResult, applyMigrations } from './apply.js'
import { type Migration, readMigrations } from './read.js'
import { type MigrationPlan, type MigrationStatus, migrationStatus, planMigrations } from './status.js'
import { verifySum } from './sum.js'

/** An app's database, for tools: all modules at once, as the admin acting for each module. */
export interface DatabaseOptions {
  readonly app: string
  /** The admin, as for the store. */
  readonly connection: ConnectionOptions
  readonly modules: readonly StoreModule[]
}

export interface MigrateDatabaseOptions extends DatabaseOptions {
  /** Milliseconds since 1970 (P10). */
  readonly now: () => number
  /** As for the store. */
  readonly secret?: string
  readonly drift?: ApplyOptions['drift']
}

/** What was done to one module. */
export interface MigratedModule extends ApplyResult {
  readonly module: string
}

interface NamedModule {
  readonly name: string
  readonly schema: string
  readonly role: string
  readonly migrations: readonly Migration[]
}

function nameModules({ app, modules }: DatabaseOptions): readonly NamedModule[] {
  const { planned, problems } = planNames(app, modules)
  if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
  return planned.map(({ module, schema, role }) => ({
    name: module.name,
    schema,
    role,
    migrations: module.migrations === undefined ? [] : readMigrations(module.migrations),
  }))
}

/** Acts as the module until the end of `work`. */
export async function actAs<Result>(
  client: Client,
  { schema, role }: { readonly schema: string; readonly role: string },
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query(`set role ${client.escapeIdentifier(role)}`)
  // As at a login of the role itself; what ALTER ROLE set holds for logins only.
  const { rows } = await client.query<{ path: string }>(
    `select split_part(setting, '=', 2) as path from pg_roles, unnest(rolconfig) as setting
     where rolname = current_user and setting like 'search_path=%'`,
  )
  await client.query("select set_config('search_path', $1, false)", [rows[0]?.path ?? client.escapeIdentifier(schema)])
  try {
    return await work()
  } finally {
    // A lost connection needs none, and its error is the one to tell.
    await client.query('reset role; reset search_path').catch(() => undefined)
  }
}

async function existing(client: Client, modules: readonly NamedModule[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ role: string }>(
    'select rolname as role from pg_roles where rolname = any ($1)',
    [modules.map(({ role }) => role)],
  )
  return new Set(rows.map(({ role }) => role))
}

async function eachModule<Result>(
  options: DatabaseOptions,
  work: (client: Client, module: NamedModule) => Promise<Result>,
): Promise<readonly Result[]> {
  const modules = nameModules(options)
  return withAdmin(readSettings(options.connection), async (client) => {
    const roles = await existing(client, modules)
    const results: Result[] = []
    for (const module of modules) {
      const run = (): Promise<Result> => work(client, module)
      results.push(await (roles.has(module.role) ? actAs(client, module, run) : run()))
    }
    return results
  })
}

/** Where every migration of every module stands; changes nothing. For `banyan db status`. */
export async function databaseStatus(options: DatabaseOptions): Promise<readonly MigrationStatus[]> {
  return eachModule(options, (client, { name, schema, migrations }) =>
    migrationStatus({ client, schema, module: name, migrations }),
  )
}

/**
 * What `migrateDatabase` would do; changes nothing. For `banyan db migrate --dry-run`.
 * @throws what applying would refuse with
 */
export async function databasePlan(options: DatabaseOptions): Promise<readonly MigrationPlan[]> {
  return eachModule(options, (client, { name, schema, migrations }) =>
    planMigrations({ client, schema, module: name, migrations }),
  )
}

/**
 * Makes what is missing (roles, schemas, Banyan's own tables) and applies all migrations, as a start of the app would,
 * but with a choice of what to do about drift. For `banyan db migrate`.
 */
export async function migrateDatabase(options: MigrateDatabaseOptions): Promise<readonly MigratedModule[]> {
  const { app, modules, connection, now, drift = 'refuse' } = options
  const settings = readSettings(connection)
  const secret = options.secret ?? settings.admin.password
  const { planned } = planNames(app, modules)
  nameModules(options)
  await withAdmin(settings, (client) => prepareSchemas(client, planned, ({ role }) => derivedCredentials(secret, role)))
  return eachModule(options, async (client, { name, schema, migrations }) => {
    const result = await applyMigrations({ client, schema, module: name, migrations, now, drift })
    return { module: name, ...result }
  })
}

/**
 * Applies every module's migrations from zero in a scratch database on the same server, which is dropped afterwards,
 * and compares what they make with what is there. For `banyan check`.
 * @returns the problems found; none when the sum of the steps equals the schema
 * @throws `store-privileges` when the admin may not create databases
 */
export async function databaseSum(
  options: DatabaseOptions & { readonly now: () => number },
): Promise<readonly Problem[]> {
  const modules = nameModules(options)
  const settings = readSettings(options.connection)
  const roles = await withAdmin(settings, (client) => existing(client, modules))
  const admin: ClientConfig = clientConfig(settings.target, settings.admin, 'banyan check')
  const known = modules.map(({ role, ...module }) => (roles.has(role) ? { ...module, role } : module))
  if (known.length === 0) throw banyanError('not-found', { what: 'module to check' })
  return verifySum({ admin, modules: known, now: options.now })
}
