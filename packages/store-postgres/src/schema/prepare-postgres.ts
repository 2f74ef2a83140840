import { problemsError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import { type Credentials, readSettings } from '../connection/settings.js'
import { checkPromotion } from '../promote/state.js'
import { derivedCredentials, type StoreLogins } from '../roles/logins.js'
import { createLoginRepair } from '../roles/repair-login.js'
import type { PostgresStoreOptions } from '../store-options.js'
import { checkPrepared } from './check-prepared.js'
import type { ServerFacts } from './inspect.js'
import { type PlannedModule, planNames } from './plan.js'
import { type ModuleAccess, migrateModules, modulesToMigrate, prepareSchemas, withAdmin } from './prepare-modules.js'

/** How a database is prepared by its admin. */
export type PrepareOptions = Pick<PostgresStoreOptions, 'app' | 'connection' | 'ambient' | 'secret' | 'log' | 'logins'>

/** What opening modules gave: the server, and how to log in as each. */
export interface Opened {
  readonly server: ServerFacts
  readonly accessOf: (module: PlannedModule) => ModuleAccess
}

/**
 * Makes a database ready for stores that know the logins of modules only: roles, schemas, Banyan's own tables,
 * migrations, as `Store.open` does with the admin. Then every login is tried, and its password set where it is refused.
 * @param options `logins`: which roles and passwords. Default: those that follow from the secret
 * @returns the logins, for whoever starts those stores
 * @throws what `Store.open` throws
 */
export async function preparePostgres(options: PrepareOptions, modules: readonly StoreModule[]): Promise<StoreLogins> {
  const { app, logins } = options
  const { planned, problems } = planNames(app, modules, logins)
  if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
  const { accessOf } = await openAsAdmin(options, planned)
  await checkPrepared(readSettings(options.connection), app, planned, accessOf)
  return Object.fromEntries(
    planned.map((one) => {
      const { user, password = '' } = accessOf(one).credentials
      return [one.module.name, { user, password }]
    }),
  )
}

/** Makes what is missing as the admin; applies migrations as the modules. @throws what `Store.open` throws */
export async function openAsAdmin(options: PrepareOptions, planned: readonly PlannedModule[]): Promise<Opened> {
  const { app, ambient, logins, log = () => undefined } = options
  const settings = readSettings(options.connection)
  const secret = options.secret ?? settings.admin.password
  const credentialsOf = ({ module, role }: PlannedModule): Credentials =>
    logins?.[module.name] ?? derivedCredentials(secret, role)
  const { server, pending } = await withAdmin(settings, async (client) => {
    await checkPromotion(client, app)
    const server = await prepareSchemas(client, planned, credentialsOf)
    return { server, pending: await modulesToMigrate(client, planned) }
  })
  const access = new Map(
    planned.map((one): [string, ModuleAccess] => {
      const credentials = credentialsOf(one)
      return [one.role, { credentials, repairLogin: createLoginRepair(settings, credentials, log) }]
    }),
  )
  const accessOf = ({ role }: PlannedModule): ModuleAccess => access.get(role) as ModuleAccess
  await migrateModules(pending, { settings, accessOf, now: () => ambient.now(), log })
  return { server, accessOf }
}
