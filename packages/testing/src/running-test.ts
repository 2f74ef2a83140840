import type { AnyContract, ContractShape } from '@banyan/contract'
import { banyanError, errorData, isBanyanError, problemsError } from '@banyan/errors'
import type { App, Sql } from '@banyan/module'
import {
  createCaller,
  createSql,
  type ExternalCall,
  type HealthReport,
  type Identity,
  type Outcome,
} from '@banyan/runtime'
import { endAfter, endAll } from './ending.js'
import { armingProblems, type FaultPoint, FaultPoints, faultPointOf } from './fault-points.js'
import { Published } from './published.js'
import type { Deployment } from './services/deployment.js'
import type { SharedByServices } from './services/shared.js'
import { createTestClock } from './test-clock.js'
import type { CallOptions, Crash, CrashOptions, TestApp } from './types.js'

export interface RunningTestOptions {
  readonly app: App
  readonly identity: Identity | undefined
  /** Where the clock begins, milliseconds since 1970. */
  readonly now: number
  /** Makes the services of the app; nothing of them runs yet. */
  deploy(shared: SharedByServices): Deployment
  /** Gives back what the test used: when everything has ended. */
  release(): Promise<void>
}

const settledMs = 10_000
const startSettledMs = 30_000
const stopDeadlineMs = 5_000
// Longer than it takes until the others notice that a process is dead.
const abandonedMs = 5_000

/**
 * An app under test: what a test sees of it, wherever its modules run. Owns what was published and what is armed; the
 * deployment owns the processes.
 *
 * I1 Whoever calls from outside hears of a crash at once; what comes afterwards waits for the next process.
 * I2 It also waits, for a while, for what goes on in the processes that live: asked again, that could only say so.
 */
export class RunningTest implements TestApp {
  readonly clock
  readonly #options: RunningTestOptions
  readonly #deployment: Deployment
  readonly #published = new Published()
  readonly #faults = new FaultPoints()
  readonly #differences: string[] = []
  readonly #modules: readonly string[]
  /** Calls whose callers heard of a crash, and which may go on in processes that live. */
  readonly #abandoned = new Set<Promise<unknown>>()
  #stopped: Promise<void> | undefined

  constructor(options: RunningTestOptions) {
    this.#options = options
    this.#modules = options.app.modules.map((module) => module.name)
    this.clock = createTestClock(options.now, {
      rest: (atMostMs) => this.#rest(atMostMs),
      clocks: () => this.#deployment.clocks,
    })
    this.#deployment = options.deploy({
      clock: this.clock.driven,
      faults: this.#faults,
      committed: (module, events) => this.#published.committed(module, events),
      restarted: async (service, list) => {
        await this.#deployment.meet(service)
        await this.#published.reload(service.modules, list)
      },
      differs: (what) => void this.#differences.push(what),
    })
  }

  /** @throws what starting the app throws; what the test used is given back then */
  async start(): Promise<void> {
    try {
      await this.#deployment.start(startSettledMs)
    } catch (error) {
      await endAfter(error, () => this.#options.release())
    }
  }

  call(contract: ContractShape, options: CallOptions = {}): never {
    const { as = this.#options.identity, ...rest } = options
    const defaults = { ...rest, ...(as === undefined ? {} : { identity: as }) }
    return createCaller({ execute: (call) => this.#execute(call) }, contract as AnyContract, defaults) as never
  }

  async #execute(call: ExternalCall): Promise<Outcome> {
    await this.#ready()
    const { runtime } = await this.#deployment.front.process()
    // I1
    const lost = this.#deployment.crashing().then(() => undefined)
    const execution = runtime.execute(call)
    const outcome = await Promise.race([execution, lost])
    if (outcome) {
      await this.#deployment.told()
      return outcome
    }
    this.#goesOn(execution)
    const operation = `${call.module}.${call.operation}`
    return { ok: false, error: errorData(banyanError('outcome-unknown', { operation })) }
  }

  #goesOn(execution: Promise<unknown>): void {
    this.#abandoned.add(execution)
    void execution.finally(() => this.#abandoned.delete(execution))
  }

  /** I1, I2 */
  async #ready(): Promise<void> {
    await this.#deployment.ready()
    if (this.#abandoned.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const longEnough = new Promise((done) => {
      timer = setTimeout(done, abandonedMs)
    })
    await Promise.race([Promise.all(this.#abandoned), longEnough])
    clearTimeout(timer)
  }

  events(contract: ContractShape): never {
    return this.#published.of(contract as AnyContract) as never
  }

  sql(contract: ContractShape): Sql {
    return createSql(this.#deployment.sql(contract.name)) as unknown as Sql
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    await this.#ready()
    const running = await this.#deployment.front.process()
    const response = await running.gateway().fetch(new Request(new URL(path, 'http://test.invalid'), init))
    await this.#deployment.told()
    return response
  }

  get url(): string | undefined {
    return this.#deployment.front.current?.url
  }

  settled(timeoutMs: number = settledMs): Promise<void> {
    return this.#deployment.settled(timeoutMs)
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
      // The process says that it crashes after this: one turn later the next one is on its way.
      const fire = (): void => void setImmediate(() => this.#deployment.of(module).ready().then(resolve, reject))
      const armed = { module, point: faultPointOf(point) as FaultPoint, operation, left: pass }
      this.#deployment.arm(this.#faults.arm(armed, fire))
    })
    happened.catch(() => undefined)
    return { happened }
  }

  health(): HealthReport {
    return this.#deployment.health(this.#modules)
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
    await endAll([() => this.#deployment.stop(stopDeadlineMs), () => this.#options.release()])
    if (this.#differences.length > 0) throw new Error(this.#differences.join('\n'))
  }
}
