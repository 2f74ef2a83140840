import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Ambient } from '@banyan/ambient'
import { banyanError, problemsError } from '@banyan/errors'
import type { ModuleStore, Store, StoreDescription, StoreModule } from '@banyan/runtime'
import { describeTarget, readSettings, type Settings } from './connection/settings.js'
import { type OpenModule, openModule } from './module-store.js'
import type { ModuleLogin, StoreLogins } from './roles/logins.js'
import { checkPrepared } from './schema/check-prepared.js'
import { type PlannedModule, planNames } from './schema/plan.js'
import type { ModuleAccess } from './schema/prepare-modules.js'
import { openAsAdmin } from './schema/prepare-postgres.js'
import type { StoreLog } from './store-log.js'
import type { PostgresStoreOptions, StoreHome } from './store-options.js'

/**
 * The store of one process. Owns what the modules have open; the parts of a module are its own (module-store).
 *
 * I1 Only `open` acts as the admin; everything of a module runs as the module's login role (P8). With logins, nothing
 *    acts as the admin, and nothing is made or changed but by the modules.
 * I2 After `close` nothing new is accepted.
 */
const closeDeadlineMs = 5_000

interface OpenedAs {
  readonly version: string
  readonly accessOf: (module: PlannedModule) => ModuleAccess
}

export class PostgresStore implements Store {
  private readonly options: PostgresStoreOptions
  private readonly settings: Settings
  private readonly home: StoreHome
  private readonly log: StoreLog
  private readonly mark: string
  private readonly opened = new Map<string, OpenModule>()
  private version = 'unknown'
  private isOpen = false
  private closing: Promise<unknown> | undefined
  private stopped: Promise<void> | undefined

  constructor(options: PostgresStoreOptions, home?: StoreHome) {
    this.options = options
    this.settings = readSettings(options.connection)
    this.log = options.log ?? (() => undefined)
    this.mark = processMark(options.ambient)
    this.home = home ?? {
      kind: options.kind ?? 'server',
      target: describeTarget(this.settings.target),
      stop: async () => undefined,
    }
  }

  async open(modules: readonly StoreModule[]): Promise<void> {
    const { app, logins } = this.options
    const { planned, problems } = planNames(app, modules, logins)
    if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
    const { version, accessOf } = logins ? await this.openAsModules(planned, logins) : await this.openAsAdmin(planned)
    this.version = version
    for (const one of planned) {
      const { module, schema } = one
      if (this.opened.has(module.name)) continue
      const place = { module, schema, target: this.settings.target, ...accessOf(one), mark: this.mark }
      this.opened.set(module.name, openModule(place, this.options))
    }
    this.isOpen = true
  }

  private async openAsAdmin(planned: readonly PlannedModule[]): Promise<OpenedAs> {
    const { server, accessOf } = await openAsAdmin(this.options, planned)
    return { version: server.version, accessOf }
  }

  private async openAsModules(planned: readonly PlannedModule[], logins: StoreLogins): Promise<OpenedAs> {
    const accessOf = ({ module }: PlannedModule): ModuleAccess => ({ credentials: logins[module.name] as ModuleLogin })
    const server = await checkPrepared(this.settings, this.options.app, planned, accessOf)
    return { version: server?.version ?? 'unknown', accessOf }
  }

  module(name: string): ModuleStore {
    const found = this.opened.get(name)
    if (!found) throw banyanError('unknown-module', { module: name })
    return found.store
  }

  async check(): Promise<void> {
    if (!this.isOpen || this.closing) throw banyanError('unavailable', { what: 'The database' })
    const [first] = this.opened.values()
    // A process without modules, such as a gateway, needs no database.
    await first?.check()
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
