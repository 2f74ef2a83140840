import { banyanError } from '@banyan/errors'
import type { HealthReport, Statement, StatementResult } from '@banyan/runtime'
import { endAfter } from '../ending.js'
import { type ProcessSetting, TestProcess } from '../process/test-process.js'
import type { TestedService } from './service.js'

export interface InsideOptions {
  readonly name: string
  readonly modules: readonly string[]
  readonly setting: ProcessSetting
  /** A process of it runs after the crash of the one before, and is not ready until this resolves. */
  restarted(process: TestProcess): Promise<void>
}

/** A service whose processes, one after the other, are inside this one. */
export class InsideService implements TestedService {
  readonly name: string
  readonly modules: readonly string[]
  readonly #options: InsideOptions
  /** S1 */
  #process: Promise<TestProcess> = Promise.reject(new Error('The test has not begun'))
  #current: TestProcess | undefined
  #running = false
  #generation = 0

  constructor(options: InsideOptions) {
    this.#options = options
    this.name = options.name
    this.modules = options.modules
    this.#process.catch(() => undefined)
  }

  async start(): Promise<void> {
    this.#next(this.#begin())
    await this.#process
  }

  /** The process that runs, or the next one. */
  process(): Promise<TestProcess> {
    return this.#process
  }

  get current(): TestProcess | undefined {
    return this.#current
  }

  get instance(): string | undefined {
    return this.#running ? this.#current?.instance : undefined
  }

  async meets(instance: string): Promise<boolean> {
    return !this.#running || (await this.#current?.meets(instance)) !== false
  }

  async #begin(): Promise<TestProcess> {
    const made = await TestProcess.start(this.#options.setting)
    this.#generation++
    this.#current = made
    this.#running = true
    return made
  }

  #next(starting: Promise<TestProcess>): void {
    this.#process = starting
    // Whoever waits for it hears of a failure.
    starting.then(
      (made) => void made.crashing.then(() => this.#next(this.#restart(made))),
      () => undefined,
    )
  }

  async #restart(dead: TestProcess): Promise<TestProcess> {
    this.#running = false
    await dead.die()
    const next = await this.#begin()
    try {
      await this.#options.restarted(next)
      return next
    } catch (error) {
      // Nobody gets hold of it, so nobody else would end it.
      this.#running = false
      return await endAfter(error, () => next.stop(0))
    }
  }

  async ready(): Promise<void> {
    await this.#process
  }

  crashing(): Promise<void> {
    return this.#process.then(({ crashing }) => crashing)
  }

  async query(module: string, statement: Statement): Promise<StatementResult> {
    return (await this.#process).store.module(module).reader.query(statement)
  }

  async rest(timeoutMs: number): Promise<string> {
    const { runtime } = await this.#process
    const { moves } = await runtime.settled(timeoutMs)
    return `${this.#generation}:${moves}`
  }

  health(): HealthReport | undefined {
    return this.#current?.runtime.health()
  }

  /** A process inside this one asks the test at each point. */
  arm(): void {}

  async stop(deadlineMs: number): Promise<void> {
    const running = await this.#process.catch(() => undefined)
    this.#running = false
    try {
      await running?.stop(deadlineMs)
    } finally {
      this.#process = Promise.reject(banyanError('unavailable', { what: `${this.name} (stopped)` }))
      this.#process.catch(() => undefined)
    }
  }
}
