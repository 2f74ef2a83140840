import { type BanyanError, banyanError, isBanyanError, type Problem, problemsError } from '@banyan/errors'
import { Client } from 'pg'
import { isLoginRefused, reasonOf } from '../connection/failure.js'
import { type Credentials, clientConfig, describeTarget, type Settings } from '../connection/settings.js'
import { applyMigrations, isDone } from '../migrate/apply.js'
import { readMigrations } from '../migrate/read.js'
import { lookAtSchema } from '../migrate/record.js'
import { scramVerifier } from '../roles/password.js'
import type { StoreLog } from '../store-log.js'
import { inspectServer, type ModuleFacts, type ServerFacts } from './inspect.js'
import { installModule, withInstallLock } from './install.js'
import { installProblems, needsInstall, type PlannedModule } from './plan.js'

/** For how many modules at once something is done over a connection of each. */
const modulesAtOnce = 4
const oldestServer = 150_000

/** @throws `store-version-mismatch` */
export function refuseOldServer(server: ServerFacts): void {
  if (server.versionNumber >= oldestServer) return
  throw banyanError('store-version-mismatch', { found: server.version, wanted: '15 or later' })
}

/** Runs `work` with a connection of the admin, and closes it. @throws `store-unreachable` */
export async function withAdmin<Result>(
  settings: Settings,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  return withClient(settings, settings.admin, 'banyan admin', work)
}

/** Runs `work` with a connection of whoever it is, and closes it. @throws `store-unreachable` */
export async function withClient<Result>(
  { target }: Pick<Settings, 'target'>,
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
  credentialsOf: (module: PlannedModule) => Credentials,
): Promise<ServerFacts> {
  const { server, modules } = await inspectServer(client, planned)
  refuseOldServer(server)
  refuse(server, planned, modules)
  if (!modules.some(needsInstall)) return server
  await withInstallLock(client, async () => {
    // Another process may have been quicker.
    const { modules: now } = await inspectServer(client, planned)
    refuse(server, planned, now)
    const problems: Problem[] = []
    const lacking = new Set(now.filter(needsInstall).map(({ schema }) => schema))
    for (const module of planned.filter(({ schema }) => lacking.has(schema))) {
      const { role, schema } = module
      const { password } = credentialsOf(module)
      const verifier = password === undefined ? undefined : scramVerifier(role, password)
      try {
        await installModule(client, { role, schema, verifier })
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

/** How to log in as a module. */
export interface ModuleAccess {
  readonly credentials: Credentials
  /** Asked when the role cannot log in; resolves to whether it is worth another try. Absent: it never is. */
  readonly repairLogin?: () => Promise<boolean>
}

/** Runs `work` as the module's own role, and once more when its login could be mended. @throws `store-unreachable` */
export async function asModule<Result>(
  settings: Pick<Settings, 'target'>,
  { credentials, repairLogin }: ModuleAccess,
  name: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  try {
    return await withClient(settings, credentials, name, work)
  } catch (error) {
    if (!isBanyanError(error, 'store-unreachable') || !isLoginRefused(error.cause) || !(await repairLogin?.()))
      throw error
    return withClient(settings, credentials, name, work)
  }
}

/** Does the work for a few modules at a time; resolves when all are done. Rejects with the first rejection, after all. */
export async function forEachModule(
  modules: readonly PlannedModule[],
  work: (module: PlannedModule) => Promise<void>,
): Promise<void> {
  const waiting = [...modules]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next)
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(modulesAtOnce, waiting.length) }, worker))
  for (const end of ended) if (end.status === 'rejected') throw end.reason
}

/** Where migrations run, and as whom. */
export interface MigrationRun {
  readonly settings: Settings
  readonly accessOf: (module: PlannedModule) => ModuleAccess
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
  const failures: BanyanError[] = []
  await forEachModule(modules, (module) =>
    migrateModule(module, run).catch((error: unknown) => {
      if (!isBanyanError(error)) throw error
      failures.push(error)
    }),
  )
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

async function migrateModule(planned: PlannedModule, { settings, accessOf, now, log }: MigrationRun): Promise<void> {
  const { module, schema } = planned
  const migrations = readMigrations(module.migrations as string)
  await asModule(settings, accessOf(planned), `banyan ${module.name} migrations`, async (client) => {
    const { applied } = await applyMigrations({ client, schema, module: module.name, migrations, now })
    for (const { file } of applied) log({ level: 'info', message: 'Migration applied', module: module.name, file })
  })
}
