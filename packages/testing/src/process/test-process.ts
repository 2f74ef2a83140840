import { type Ambient, createAmbient, type DrivenClock, type seededSources } from '@banyan/ambient'
import { createGateway, type Gateway, rawRoutesOf } from '@banyan/gateway'
import { type App, modulesOf } from '@banyan/module'
import { createRuntime, type Identity, type LogEvent, type Logger, type Runtime, type Store } from '@banyan/runtime'
import { createPostgresStore } from '@banyan/store-postgres'
import type { Clone } from '../database/clone.js'
import { watchStore } from './watched-store.js'

/** What all processes of one test share: they run one after the other, the next after the crash of the one before. */
export interface ProcessSetting {
  readonly app: App
  readonly clone: Clone
  readonly clock: DrivenClock
  readonly seeded: ReturnType<typeof seededSources>
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly baseFolder: string
  readonly identity: Identity | undefined
  readonly listen: boolean
  /** Whether the process is to crash at this point. */
  crashes(point: string, details: Readonly<Record<string, unknown>> | undefined): boolean
  committed(module: string, events: readonly LogEvent[]): void
}

/**
 * What one process of an app is, inside this one: an ambient, a store, a runtime, a gateway, all its own.
 *
 * I1 It ends once: in order by `stop`, or by a crash. After a crash nothing of it reaches the database any more: its
 *    connections are cut, on both sides, before `crashed` resolves.
 * I2 What waits at the point of the crash never goes on, but for an error at the very end, so that it can be forgotten.
 */
export class TestProcess {
  readonly runtime: Runtime
  readonly store: Store
  /** Resolves when a fault point was passed that was armed. */
  readonly crashing: Promise<void>
  url: string | undefined
  readonly #setting: ProcessSetting
  readonly #ambient: Ambient
  readonly #timers = new Set<() => void>()
  readonly #logger: Logger
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
    const { app, clone, environment, baseFolder } = setting
    // Its own, because what a dead process says is not worth hearing.
    const logger = setting.logger.child({})
    this.#logger = logger
    this.store = watchStore(
      createPostgresStore({
        app: clone.app,
        connection: clone.connection,
        ambient: this.#ambient,
        log: ({ level, message, ...fields }) => logger[level](fields, message),
      }),
      setting.committed,
    )
    const { store } = this
    this.runtime = createRuntime({ app, store, ambient: this.#ambient, logger, environment, baseFolder, strict: true })
  }

  /** @throws what starting a runtime throws; nothing is left open then */
  static async start(setting: ProcessSetting): Promise<TestProcess> {
    const made = new TestProcess(setting)
    try {
      await made.runtime.start()
      if (setting.listen) made.url = (await made.gateway().listen()).url
      return made
    } catch (error) {
      await made.stop(0)
      throw error
    }
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

  /** Ends in order. */
  async stop(deadlineMs: number): Promise<void> {
    this.#leaveClock()
    await this.#gateway?.close(deadlineMs)
    await this.runtime.stop(deadlineMs)
  }

  /** Ends as a killed process does (I1). */
  async die(): Promise<void> {
    this.#leaveClock()
    this.#logger.level = 'silent'
    // Connections first, so that nothing that still runs here can write: then the rest may take its time.
    await this.store.close(0)
    await this.#setting.clone.cut()
    this.#forget(new Error('This process has crashed'))
    await this.#gateway?.close(0)
    await this.runtime.stop(0)
  }

  #leaveClock(): void {
    this.#driven = false
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
