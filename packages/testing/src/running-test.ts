import type { AnyContract, ContractShape } from '@banyan/contract'
import { banyanError, errorData, isBanyanError, problemsError } from '@banyan/errors'
import type { Sql } from '@banyan/module'
import {
  createCaller,
  createSql,
  type ExternalCall,
  type HealthReport,
  type Outcome,
  type SqlExecutor,
} from '@banyan/runtime'
import type { Clone } from './database/clone.js'
import type { TestServer } from './database/test-server.js'
import { armingProblems, type FaultPoint, FaultPoints, faultPointOf } from './fault-points.js'
import { type ProcessSetting, TestProcess } from './process/test-process.js'
import { Published } from './published.js'
import { createTestClock } from './test-clock.js'
import type { CallOptions, Crash, CrashOptions, TestApp } from './types.js'

type Shared = Omit<ProcessSetting, 'clock' | 'crashes' | 'committed'>

export interface RunningTestOptions extends Shared {
  readonly clone: Clone
  readonly server: TestServer
  /** Where the clock begins, milliseconds since 1970. */
  readonly now: number
}

const settledMs = 10_000
const stopDeadlineMs = 5_000

/**
 * An app under test. Owns its database and the processes that run one after the other over it.
 *
 * I1 At every time one process runs, or the next one is being started, or the test has ended.
 * I2 What waits for a process that crashes hears of it at once; what comes afterwards waits for the next one.
 */
export class RunningTest implements TestApp {
  readonly clock
  readonly #options: RunningTestOptions
  readonly #setting: ProcessSetting
  readonly #published = new Published()
  readonly #faults = new FaultPoints()
  readonly #modules: readonly string[]
  /** I1 */
  #process: Promise<TestProcess> = Promise.reject(new Error('The test has not begun'))
  #current: TestProcess | undefined
  #stopped: Promise<void> | undefined

  constructor(options: RunningTestOptions) {
    this.#options = options
    this.#modules = options.app.modules.map((module) => module.name)
    this.#process.catch(() => undefined)
    this.clock = createTestClock(options.now, (atMostMs) => this.#rest(atMostMs))
    this.#setting = {
      ...options,
      clock: this.clock.driven,
      crashes: (point, details) => this.#faults.passed(point, details),
      committed: (module, events) => this.#published.committed(module, events),
    }
  }

  /** @throws what starting the app throws; the database is dropped then */
  async start(): Promise<void> {
    this.#next(TestProcess.start(this.#setting))
    try {
      await this.#process
    } catch (error) {
      await this.#options.clone.drop()
      throw error
    }
  }

  #next(starting: Promise<TestProcess>): void {
    this.#process = starting
    // Whoever waits for it hears of a failure.
    starting.then(
      (made) => {
        this.#current = made
        void made.crashing.then(() => this.#next(this.#restart(made)))
      },
      () => undefined,
    )
  }

  async #restart(dead: TestProcess): Promise<TestProcess> {
    await dead.die()
    const next = await TestProcess.start(this.#setting)
    await this.#published.reload(next.store, this.#modules)
    return next
  }

  call(contract: ContractShape, options: CallOptions = {}): never {
    const { as = this.#options.identity, ...rest } = options
    const defaults = { ...rest, ...(as === undefined ? {} : { identity: as }) }
    return createCaller({ execute: (call) => this.#execute(call) }, contract as AnyContract, defaults) as never
  }

  async #execute(call: ExternalCall): Promise<Outcome> {
    const running = await this.#process
    // I2
    const lost = running.crashing.then((): Outcome => {
      const operation = `${call.module}.${call.operation}`
      return { ok: false, error: errorData(banyanError('outcome-unknown', { operation })) }
    })
    return Promise.race([running.runtime.execute(call), lost])
  }

  events(contract: ContractShape): never {
    return this.#published.of(contract as AnyContract) as never
  }

  sql(contract: ContractShape): Sql {
    const executor: SqlExecutor = {
      query: async (statement) => (await this.#process).store.module(contract.name).reader.query(statement),
    }
    return createSql(executor) as unknown as Sql
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const running = await this.#process
    return running.gateway().fetch(new Request(new URL(path, 'http://test.invalid'), init))
  }

  get url(): string | undefined {
    return this.#current?.url
  }

  async settled(timeoutMs: number = settledMs): Promise<void> {
    // Each crash was armed by the test, so this ends.
    for (;;) {
      const running = await this.#process
      const end = await Promise.race([
        running.runtime.settled(timeoutMs).then(() => 'settled' as const),
        running.crashing.then(() => 'crashed' as const),
      ])
      if (end === 'settled') return
    }
  }

  async #rest(atMostMs: number): Promise<void> {
    await this.settled(atMostMs).catch((error: unknown) => {
      if (!isBanyanError(error, 'deadline-exceeded')) throw error
    })
  }

  crash(module: string, point: string, options: CrashOptions = {}): Crash {
    const { operation, pass = 1 } = options
    const problems = armingProblems(this.#options.app.name, this.#modules, module, point)
    if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
    const happened = new Promise<void>((resolve, reject) => {
      // The process says that it crashes after this: one turn later the next one is on its way (I1).
      const fire = (): void => void setImmediate(() => this.#process.then(() => resolve(), reject))
      this.#faults.arm({ module, point: faultPointOf(point) as FaultPoint, operation, left: pass, fire })
    })
    happened.catch(() => undefined)
    return { happened }
  }

  health(): HealthReport {
    if (!this.#current) throw banyanError('unavailable', { what: this.#options.app.name })
    return this.#current.runtime.health()
  }

  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]()
    const waiting = this.#faults.waiting()
    if (waiting.length === 0) return
    throw problemsError(
      'invalid-config',
      {},
      waiting.map((point) => ({
        who: `test of ${this.#options.app.name}`,
        where: 'crash',
        what: `the armed fault point ${point} was never passed`,
        remedy: 'Let the test pass it, or do not arm it.',
      })),
    )
  }

  /** Does not ask for armed points, so that it hides no failure of the test. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    const running = await this.#process.catch(() => undefined)
    try {
      await running?.stop(stopDeadlineMs)
    } finally {
      this.#process = Promise.reject(banyanError('unavailable', { what: `${this.#options.app.name} (stopped)` }))
      this.#process.catch(() => undefined)
      await this.#options.clone.drop()
      this.#options.server.release()
    }
  }
}
