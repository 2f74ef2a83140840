import { type Ambient, createAmbient, type DrivenClock, type seededSources } from '@banyan/ambient'
import { createGateway, type Gateway, rawRoutesOf } from '@banyan/gateway'
import { type App, modulesOf } from '@banyan/module'
import type { Mesh } from '@banyan/placement'
import {
  createRuntime,
  type Elsewhere,
  type Identity,
  type LogEvent,
  type Logger,
  type Placement,
  type Runtime,
  type Store,
} from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore } from '@banyan/store-postgres'
import { endAfter, endAll } from '../ending.js'
import { watchStore } from './watched-store.js'

/** What all processes of one service of a test share: they run one after the other, the next after a crash. */
export interface ProcessSetting {
  readonly app: App
  readonly database: TestDatabase
  readonly clock: DrivenClock
  readonly seeded: ReturnType<typeof seededSources>
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly baseFolder: string
  readonly identity: Identity | undefined
  readonly listen: boolean
  /** Absent: all modules run here. */
  readonly others?: OtherProcesses
  /** Whether the process is to crash at this point. */
  crashes(point: string, details: Readonly<Record<string, unknown>> | undefined): boolean
  committed(module: string, events: readonly LogEvent[]): void
}

/** The database as a process of a test needs it. */
export interface TestDatabase {
  /** The app as the store knows it. */
  readonly app: string
  readonly connection: ConnectionOptions
  /** Ends every connection of these modules, as the death of their process would. */
  cut(modules: readonly string[]): Promise<void>
}

/** What a process knows of those that run the other modules. */
export interface OtherProcesses {
  /** The modules of this one. */
  readonly hosts: readonly string[]
  connect(app: App, ambient: Ambient, logger: Logger): Promise<Ways>
  /** Delivers calls: to the modules here, and through the mesh. */
  placement(here: Placement, mesh: Mesh): Placement
}

/** The ways of one process to the others. */
export interface Ways {
  readonly mesh: Mesh
  /** What the engine needs of the others beside calls. */
  readonly elsewhere: Elsewhere
  /** Nothing goes out or comes in any more. */
  close(): Promise<void>
}

/**
 * What one process of an app is, inside this one: an ambient, a store, a runtime, a gateway, all its own.
 *
 * I1 It ends once: in order by `stop`, or by a crash. After a crash nothing of it reaches the database any more: its
 *    connections are cut, on both sides, before `die` resolves.
 * I2 What waits at the point of the crash never goes on, but for an error at the very end, so that it can be forgotten.
 */
export class TestProcess {
  readonly store: Store
  /** Resolves when a fault point was passed that was armed. */
  readonly crashing: Promise<void>
  url: string | undefined
  readonly #setting: ProcessSetting
  readonly #ambient: Ambient
  readonly #timers = new Set<() => void>()
  readonly #logger: Logger
  #ways: Ways | undefined
  #runtime: Runtime | undefined
  #gateway: Gateway | undefined
  #driven = true
  #crash: () => void = () => undefined
  #forgotten: Promise<never>
  #forget: (reason: Error) => void = () => undefined

  private constructor(setting: ProcessSetting) {
    this.#setting = setting
    this.crashing = new Promise((resolve) => {
      this.#crash = resolve
    })
    this.#forgotten = new Promise((_, reject) => {
      this.#forget = reject
    })
    this.#forgotten.catch(() => undefined)
    this.#ambient = this.#createAmbient()
    // Its own, because what a dead process says is not worth hearing.
    const logger = setting.logger.child({})
    this.#logger = logger
    this.store = watchStore(
      createPostgresStore({
        app: setting.database.app,
        connection: setting.database.connection,
        ambient: this.#ambient,
        log: ({ level, message, ...fields }) => logger[level](fields, message),
      }),
      setting.committed,
    )
  }

  /** @throws what starting a runtime throws; nothing is left open then */
  static async start(setting: ProcessSetting): Promise<TestProcess> {
    const made = new TestProcess(setting)
    try {
      await made.#start()
      return made
    } catch (error) {
      return await endAfter(error, () => made.stop(0))
    }
  }

  async #start(): Promise<void> {
    const { app, environment, baseFolder, others, listen } = this.#setting
    const ways = await others?.connect(app, this.#ambient, this.#logger)
    this.#ways = ways
    this.#runtime = createRuntime({
      app,
      store: this.store,
      ambient: this.#ambient,
      logger: this.#logger,
      environment,
      baseFolder,
      strict: true,
      ...(others && ways
        ? {
            hosts: others.hosts,
            elsewhere: ways.elsewhere,
            placement: (here) => others.placement(here, ways.mesh),
          }
        : {}),
    })
    await this.#runtime.start()
    await ways?.mesh.serve(this.#runtime)
    if (listen) this.url = (await this.gateway().listen()).url
  }

  get runtime(): Runtime {
    if (!this.#runtime) throw new Error('The process has not been started')
    return this.#runtime
  }

  #createAmbient(): Ambient {
    const { clock, seeded, crashes } = this.#setting
    return createAmbient({
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      ...seeded,
      after: (delayMs, task) => this.#after(delayMs, task),
      reached: (point, details) => {
        if (!this.#driven || !crashes(point, details)) return undefined
        this.#crash()
        return this.#forgotten // I2
      },
    })
  }

  /** Timers go by the clock of the test, but once the process ends by real time: nobody drives the clock then. */
  #after(delayMs: number, task: () => void): () => void {
    if (!this.#driven) {
      const timer = setTimeout(task, delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    }
    const cancelTimer = this.#setting.clock.after(delayMs, () => {
      this.#timers.delete(cancelTimer)
      task()
    })
    this.#timers.add(cancelTimer)
    return () => {
      this.#timers.delete(cancelTimer)
      cancelTimer()
    }
  }

  gateway(): Gateway {
    const { app, identity } = this.#setting
    this.#gateway ??= createGateway({
      runtime: this.runtime,
      ambient: this.#ambient,
      log: this.#logger,
      routes: rawRoutesOf(modulesOf(app)),
      identify: () => identity,
      host: '127.0.0.1',
      port: 0,
    })
    return this.#gateway
  }

  /** What it is called among the others; undefined where there are none. */
  get instance(): string | undefined {
    return this.#ways?.mesh.instance
  }

  /** Whether calls from here reach that process. True where there are no others. */
  async meets(instance: string): Promise<boolean> {
    const all = this.#ways?.mesh.instances()
    return !all || all.some((report) => report.instance === instance && report.state === 'running')
  }

  /** Ends in order. */
  async stop(deadlineMs: number): Promise<void> {
    this.#leaveClock()
    await endAll([
      () => this.#gateway?.close(deadlineMs),
      () => this.#ways?.mesh.drain(deadlineMs),
      () => (this.#runtime ? this.#runtime.stop(deadlineMs) : this.store.close(deadlineMs)),
      () => this.#ways?.close(),
    ])
  }

  /** Ends as a killed process does (I1). */
  async die(): Promise<void> {
    this.#leaveClock()
    this.#logger.level = 'silent'
    // Connections first, so that nothing that still runs here can write or answer: then the rest may take its time.
    await endAll([
      () => Promise.all([this.store.close(0), this.#ways?.close()]),
      () => this.#setting.database.cut(this.#modules()),
      () => this.#forget(new Error('This process has crashed')),
      () => this.#gateway?.close(0),
      () => this.runtime.stop(0),
    ])
  }

  #modules(): readonly string[] {
    const { others, app } = this.#setting
    return others?.hosts ?? app.modules.map(({ name }) => name)
  }

  #leaveClock(): void {
    this.#driven = false
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
