import { isBanyanError, type Problem, problemsError } from '@banyan/errors'
import type { Client } from 'pg'
import { isLoginRefused, reasonOf } from '../connection/failure.js'
import type { Settings } from '../connection/settings.js'
import { isDone } from '../migrate/apply.js'
import { withMigrationLock } from '../migrate/lock.js'
import { readMigrations } from '../migrate/read.js'
import { hasRecordTables, lookAtSchema } from '../migrate/record.js'
import { migrationStatus } from '../migrate/status.js'
import { checkPromotion } from '../promote/state.js'
import { inspectServer, type ServerFacts } from './inspect.js'
import { type PlannedModule, schemaProblems } from './plan.js'
import { asModule, forEachModule, type ModuleAccess, refuseOldServer } from './prepare-modules.js'
import { ownSchemaVersion } from './versions.js'

/** How long to wait for another process that migrates. */
const migrationWaitMs = 60_000
const migrate = "Run `banyan db migrate` with the admin's DATABASE_URL."
const emit = "Run the script of roles that `banyan access emit` writes, with the admin's DATABASE_URL."

/**
 * Looks, as each module's own role, whether all that the module needs is there: its login, its schema, Banyan's own
 * tables in the version of this release, and its migrations. Changes nothing.
 * @returns what the server is; undefined without modules
 * @throws `store-not-prepared` with all problems of all modules, `store-unreachable`, `store-version-mismatch`,
 * `promoted-away`, `promotion-unfinished`, `migration-locked`
 */
export async function checkPrepared(
  settings: Pick<Settings, 'target'>,
  app: string,
  planned: readonly PlannedModule[],
  accessOf: (module: PlannedModule) => ModuleAccess,
): Promise<ServerFacts | undefined> {
  let server: ServerFacts | undefined
  const problems = new Map<PlannedModule, readonly Problem[]>()
  await forEachModule(planned, async (one) => {
    try {
      await asModule(settings, accessOf(one), `banyan ${one.module.name} check`, async (client) => {
        if (one === planned[0]) await checkPromotion(client, app)
        const look = await lookAtModule(client, one)
        server = look.server
        problems.set(one, look.problems)
      })
    } catch (error) {
      problems.set(one, [loginProblem(one, error)])
    }
  })
  const all = planned.flatMap((one) => problems.get(one) ?? [])
  if (all.length > 0) throw problemsError('store-not-prepared', { app }, all)
  return server
}

/** A login that was refused, as a problem. @throws every other error */
function loginProblem({ module, role }: PlannedModule, error: unknown): Problem {
  if (!isBanyanError(error, 'store-unreachable') || !isLoginRefused(error.cause)) throw error
  const what = `The login of ${role} was refused: ${reasonOf(error.cause)}`
  return { who: `module ${module.name}`, where: 'login', what, remedy: emit }
}

async function lookAtModule(
  client: Client,
  planned: PlannedModule,
): Promise<{ server: ServerFacts; problems: readonly Problem[] }> {
  const { server, modules } = await inspectServer(client, [planned])
  refuseOldServer(server)
  const [facts] = modules
  const who = `module ${planned.module.name}`
  const problems = facts ? schemaProblems(planned, facts) : []
  // What the server may be asked to do, it may be asked by the module here.
  if (server.mayCreateRoles)
    problems.push({
      who,
      where: 'role',
      what: `The role ${planned.role} may make other roles, so it could read every module's data (P8)`,
      remedy: 'Log in as the role that was made for the module.',
    })
  if (facts?.schemaOwner === undefined)
    problems.push({ who, where: 'schema', what: `The schema ${planned.schema} does not exist`, remedy: emit })
  else if (facts.schemaOwner === planned.role && facts.version < ownSchemaVersion) {
    const found = facts.version === 0 ? 'are missing' : `have version ${facts.version}`
    const what = `Banyan's own tables ${found}; version ${ownSchemaVersion} is needed`
    problems.push({ who, where: 'schema', what, remedy: migrate })
  }
  return { server, problems: problems.length > 0 ? problems : await migrationProblems(client, planned) }
}

async function migrationProblems(client: Client, { module, schema }: PlannedModule): Promise<readonly Problem[]> {
  if (module.migrations === undefined) return []
  const migrations = readMigrations(module.migrations)
  if ((await hasRecordTables(client, schema)) && isDone(await lookAtSchema(client, schema), { migrations })) return []
  // Without the lock, another process that migrates could look like drift. It may also do just what is missing here.
  const target = { schema, module: module.name, waitMs: migrationWaitMs }
  const status = await withMigrationLock(client, target, () =>
    migrationStatus({ client, schema, module: module.name, migrations }),
  )
  const pending = status.migrations.filter(({ state }) => state === 'pending')
  return [
    ...status.problems.map((problem) => ({ ...problem, who: `module ${module.name}, ${problem.who}` })),
    ...pending.map(({ number, name }) => ({
      who: `module ${module.name}`,
      where: 'migrations',
      what: `${String(number).padStart(4, '0')}_${name}.sql is not applied`,
      remedy: migrate,
    })),
  ]
}
