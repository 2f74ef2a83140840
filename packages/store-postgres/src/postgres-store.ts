import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Ambient } from '@banyan/ambient'
import { banyanError, problemsError } from '@banyan/errors'
import type { ModuleStore, Store, StoreDescription, StoreModule } from '@banyan/runtime'
import { type Credentials, describeTarget, readSettings, type Settings } from './connection/settings.js'
import { type OpenModule, openModule } from './module-store.js'
import { checkPromotion } from './promote/state.js'
import { derivePassword } from './roles/password.js'
import { createLoginRepair } from './roles/repair-login.js'
import { planNames } from './schema/plan.js'
import { migrateModules, modulesToMigrate, prepareSchemas, withAdmin } from './schema/prepare-modules.js'
import type { StoreLog } from './store-log.js'
import type { PostgresStoreOptions, StoreHome } from './store-options.js'

/**
 * The store of one process. Owns what the modules have open; the parts of a module are its own (module-store).
 *
 * I1 Only `open` acts as the admin; everything of a module runs as the module's login role (P8).
 * I2 After `close` nothing new is accepted.
 */
const closeDeadlineMs = 5_000

export class PostgresStore implements Store {
  private readonly options: PostgresStoreOptions
  private readonly settings: Settings
  private readonly home: StoreHome
  private readonly log: StoreLog
  private readonly secret: string | undefined
  private readonly mark: string
  private readonly opened = new Map<string, OpenModule>()
  private version = 'unknown'
  private closing: Promise<unknown> | undefined
  private stopped: Promise<void> | undefined

  constructor(options: PostgresStoreOptions, home?: StoreHome) {
    this.options = options
    this.settings = readSettings(options.connection)
    this.log = options.log ?? (() => undefined)
    this.secret = options.secret ?? this.settings.admin.password
    this.mark = processMark(options.ambient)
    this.home = home ?? {
      kind: options.kind ?? 'server',
      target: describeTarget(this.settings.target),
      stop: async () => undefined,
    }
  }

  async open(modules: readonly StoreModule[]): Promise<void> {
    const { app, ambient } = this.options
    const { planned, problems } = planNames(app, modules)
    if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
    const { server, pending } = await withAdmin(this.settings, async (client) => {
      await checkPromotion(client, app)
      const server = await prepareSchemas(client, planned, this.secret)
      return { server, pending: await modulesToMigrate(client, planned) }
    })
    this.version = server.version
    const repairs = new Map(
      planned.map(({ role }) => [role, createLoginRepair(this.settings, this.secret, role, this.log)]),
    )
    const repairLogin = (role: string): Promise<boolean> => (repairs.get(role) as () => Promise<boolean>)()
    const credentialsOf = (role: string): Credentials => this.credentialsOf(role)
    const { settings, log } = this
    await migrateModules(pending, { settings, credentialsOf, repairLogin, now: () => ambient.now(), log })
    for (const { module, schema, role } of planned) {
      if (this.opened.has(module.name)) continue
      const { target } = this.settings
      const credentials = credentialsOf(role)
      const place = { module, schema, target, credentials, repairLogin: () => repairLogin(role), mark: this.mark }
      this.opened.set(module.name, openModule(place, this.options))
    }
  }

  private credentialsOf(role: string): Credentials {
    return { user: role, password: this.secret === undefined ? undefined : derivePassword(this.secret, role) }
  }

  module(name: string): ModuleStore {
    const found = this.opened.get(name)
    if (!found) throw banyanError('unknown-module', { module: name })
    return found.store
  }

  async check(): Promise<void> {
    const [first] = this.opened.values()
    if (!first || this.closing) throw banyanError('unavailable', { what: 'The database' })
    await first.check()
  }

  describe(): StoreDescription {
    return { kind: this.home.kind, target: this.home.target, version: this.version }
  }

  /** A second call with a shorter deadline shortens the first one's. */
  async close(deadlineMs: number = closeDeadlineMs): Promise<void> {
    const modules = [...this.opened.values()]
    this.closing ??= Promise.all(modules.map((module) => module.close())) // I2
    let cancel: () => void = () => undefined
    const late = new Promise<'late'>((resolve) => {
      cancel = this.options.ambient.after(deadlineMs, () => resolve('late'))
    })
    try {
      if ((await Promise.race([this.closing, late])) === 'late') {
        this.log({ level: 'warn', message: 'Units of work were cut at the deadline of the stop' })
        for (const module of modules) module.destroy()
      }
    } finally {
      cancel()
      this.stopped ??= this.home.stop()
      await this.stopped
    }
  }
}

/** From the machine and the process too: two processes that replay one seed are still two (P10). */
function processMark(ambient: Ambient): string {
  return createHash('sha256').update(`${hostname()} ${process.pid} ${ambient.newId()}`).digest('hex').slice(0, 8)
}
