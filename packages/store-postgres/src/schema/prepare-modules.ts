import { type BanyanError, banyanError, isBanyanError, type Problem, problemsError } from '@banyan/errors'
import { Client } from 'pg'
import { reasonOf } from '../connection/failure.js'
import { type Credentials, clientConfig, describeTarget, type Settings } from '../connection/settings.js'
import { applyMigrations, isDone } from '../migrate/apply.js'
import { readMigrations } from '../migrate/read.js'
import { lookAtSchema } from '../migrate/record.js'
import { derivePassword, scramVerifier } from '../roles/password.js'
import type { StoreLog } from '../store-log.js'
import { inspectServer, type ModuleFacts, type ServerFacts } from './inspect.js'
import { installModule, withInstallLock } from './install.js'
import { installProblems, needsInstall, type PlannedModule } from './plan.js'

/** How many modules are migrated at once. */
const migrationsAtOnce = 4
const oldestServer = 150_000

/** Runs `work` with a connection of the admin, and closes it. @throws `store-unreachable` */
export async function withAdmin<Result>(
  settings: Settings,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  return withClient(settings, settings.admin, 'banyan admin', work)
}

async function withClient<Result>(
  { target }: Settings,
  credentials: Credentials,
  name: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...clientConfig(target, credentials, name), connectionTimeoutMillis: 10_000 })
  // A connection that breaks rejects the statement that runs; there is nothing more to tell.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    // A login that failed half way leaves the socket open.
    client.connection.stream.destroy()
    const parameters = { target: describeTarget(target), summary: reasonOf(error) }
    throw banyanError('store-unreachable', parameters, { cause: error })
  }
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Makes roles, schemas and Banyan's own tables where they are missing. When nothing is, it costs two round trips.
 * @throws `store-version-mismatch`, `store-privileges` with all problems together
 */
export async function prepareSchemas(
  client: Client,
  planned: readonly PlannedModule[],
  secret: string | undefined,
): Promise<ServerFacts> {
  const { server, modules } = await inspectServer(client, planned)
  if (server.versionNumber < oldestServer) {
    throw banyanError('store-version-mismatch', { found: server.version, wanted: '15 or later' })
  }
  refuse(server, planned, modules)
  if (!modules.some(needsInstall)) return server
  await withInstallLock(client, async () => {
    // Another process may have been quicker.
    const { modules: now } = await inspectServer(client, planned)
    refuse(server, planned, now)
    const problems: Problem[] = []
    for (const facts of now.filter(needsInstall)) {
      const { role, schema } = facts
      const verifier = secret === undefined ? undefined : scramVerifier(secret, role, derivePassword(secret, role))
      const plan = { role, schema, verifier, seesPublic: !server.publicIsOpen }
      try {
        await installModule(client, plan, facts, server.versionNumber)
      } catch (error) {
        const remedy = 'Grant CREATEROLE and CREATE on the database to the user in DATABASE_URL.'
        problems.push({ who: `schema ${schema}`, where: 'install', what: reasonOf(error), remedy })
      }
    }
    if (problems.length > 0) throw problemsError('store-privileges', { what: 'make what is missing' }, problems)
  })
  return server
}

function refuse(server: ServerFacts, planned: readonly PlannedModule[], modules: readonly ModuleFacts[]): void {
  const problems = planned.flatMap((module) => {
    const facts = modules.find((one) => one.schema === module.schema)
    return facts ? installProblems(server, module, facts) : []
  })
  if (problems.length > 0) throw problemsError('store-privileges', { what: 'make what is missing' }, problems)
}

/** Where migrations run, and as whom. */
export interface MigrationRun {
  readonly settings: Settings
  readonly credentialsOf: (role: string) => Credentials
  readonly repairLogin: (role: string) => Promise<boolean>
  readonly now: () => number
  readonly log: StoreLog
}

/**
 * The modules whose migrations are not all applied, or whose schema is not as recorded. Looked at over the one connection
 * of the admin, since a connection per module would be most of what a warm start costs.
 */
export async function modulesToMigrate(client: Client, planned: readonly PlannedModule[]): Promise<PlannedModule[]> {
  const found: PlannedModule[] = []
  for (const one of planned) {
    if (one.module.migrations !== undefined && !(await isMigrated(client, one.schema, one.module.migrations)))
      found.push(one)
  }
  return found
}

async function isMigrated(client: Client, schema: string, folder: string): Promise<boolean> {
  try {
    const migrations = readMigrations(folder)
    return isDone(await lookAtSchema(client, schema), { migrations })
  } catch {
    // Tables that are not there yet, files that cannot be read: for the migration to make, or to tell with the others.
    return false
  }
}

/** Applies the migrations of modules, a few at a time, each as the module's own role (P8). Reports all failures together. */
export async function migrateModules(modules: readonly PlannedModule[], run: MigrationRun): Promise<void> {
  const waiting = [...modules]
  const failures: BanyanError[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await migrateModule(next, run).catch((error: unknown) => {
        if (!isBanyanError(error)) throw error
        failures.push(error)
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(migrationsAtOnce, waiting.length) }, work))
  const [first] = failures
  if (first === undefined) return
  throw failures.length === 1
    ? first
    : problemsError(first.code as 'migration-failed', {}, failures.flatMap(problemsOf))
}

function problemsOf(error: BanyanError): Problem[] {
  const { problems } = (error.details ?? {}) as { problems?: Problem[] }
  return problems ?? [{ who: error.code, where: 'migrations', what: error.message, remedy: 'See the message.' }]
}

async function migrateModule({ module, schema, role }: PlannedModule, run: MigrationRun): Promise<void> {
  const migrations = readMigrations(module.migrations as string)
  const apply = (): Promise<void> =>
    withClient(run.settings, run.credentialsOf(role), `banyan ${module.name} migrations`, async (client) => {
      const { now } = run
      const { applied } = await applyMigrations({ client, schema, module: module.name, migrations, now })
      for (const { file } of applied)
        run.log({ level: 'info', message: 'Migration applied', module: module.name, file })
    })
  try {
    await apply()
  } catch (error) {
    if (!isBanyanError(error, 'store-unreachable') || !(await run.repairLogin(role))) throw error
    await apply()
  }
}
