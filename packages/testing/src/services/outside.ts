import { banyanError } from '@banyan/errors'
import type { HealthReport, Logger, Statement, StatementResult } from '@banyan/runtime'
import { ChildEnded, type TestChild, type Told } from '../child/child-process.js'
import type { QuestionName, Questions, ServiceTask } from '../child/messages.js'
import type { ChildPool } from '../child/pool.js'
import type { ArmedPoint } from '../fault-points.js'
import type { TestDatabase } from '../process/test-process.js'
import type { DistantClock, TestedService } from './service.js'
import type { SharedByServices } from './shared.js'

export interface OutsideOptions {
  readonly name: string
  readonly modules: readonly string[]
  readonly pool: ChildPool
  readonly database: TestDatabase
  readonly logger: Logger
  readonly shared: SharedByServices
  /** What its process is to be, the how-manieth it is. */
  task(generation: number): ServiceTask
}

/**
 * A service whose processes are real ones: a crash is a `kill -9`.
 *
 * O1 The next process begins when no connection of the dead one is left in the database.
 */
export class OutsideService implements TestedService {
  readonly name: string
  readonly modules: readonly string[]
  readonly #options: OutsideOptions
  /** S1 */
  #child: Promise<TestChild> = Promise.reject(new Error('The test has not begun'))
  #current: TestChild | undefined
  #instance: string | undefined
  #health: HealthReport | undefined
  #generation = 0
  #crashed: Promise<void> = new Promise(() => undefined)
  #crash: () => void = () => undefined
  #stopping = false
  #arming: Promise<unknown> | undefined

  constructor(options: OutsideOptions) {
    this.#options = options
    this.name = options.name
    this.modules = options.modules
    this.#child.catch(() => undefined)
  }

  async start(): Promise<void> {
    this.#child = this.#begin()
    await this.#child
  }

  async #begin(): Promise<TestChild> {
    const { pool } = this.#options
    const child = await pool.take()
    this.#crashed = new Promise((resolve) => {
      this.#crash = resolve
    })
    child.belongTo((told) => this.#heard(child, told))
    void child.ended.then((how) => this.#died(how))
    this.#generation++
    this.#current = child
    try {
      this.#instance = await child.ask('begin', this.#options.task(this.#generation))
      this.#health = await child.ask('health', undefined)
      return child
    } catch (error) {
      return await this.#discard(child, error)
    }
  }

  /** Nobody gets hold of this one, so nobody else would end it. */
  async #discard(child: TestChild, failure: unknown): Promise<never> {
    // It did not end by itself: what is told is the failure.
    this.#instance = undefined
    child.kill()
    await child.ended
    throw failure
  }

  #heard(child: TestChild, told: Told): void {
    const { shared, logger } = this.#options
    if ('committed' in told) shared.committed(told.committed, told.events)
    else if ('line' in told) writeLine(logger, told.line)
    else {
      // Said before it is counted: who waits for the crash waits for the next process then.
      if (told.passed.left === 1) this.#next(child)
      shared.faults.count(told.passed)
    }
  }

  #next(dying: TestChild): void {
    this.#instance = undefined
    this.#crash()
    this.#child = this.#restart(dying)
    this.#child.catch(() => undefined)
  }

  async #restart(dying: TestChild): Promise<TestChild> {
    const { database, shared } = this.#options
    await dying.ended
    await database.cut(this.modules) // O1
    const next = await this.#begin()
    try {
      await shared.restarted(this, (module) => next.ask('log', module))
      return next
    } catch (error) {
      return await this.#discard(next, error)
    }
  }

  /** One that nobody killed has a fault that the test must hear of. */
  #died(how: string): void {
    if (this.#stopping || this.#instance === undefined) return
    this.#instance = undefined
    this.#child = Promise.reject(new Error(`The process of ${this.name} ended by itself: ${how}`))
    this.#child.catch(() => undefined)
    this.#crash()
  }

  get instance(): string | undefined {
    return this.#instance
  }

  async meets(instance: string): Promise<boolean> {
    if (this.#instance === undefined) return true
    // Not of the next process: that one is ready when it has met all.
    const met = await this.#current?.ask('meets', instance).catch(ignoreDead)
    return met !== false
  }

  async ready(): Promise<void> {
    await this.#child
    await this.#arming
  }

  crashing(): Promise<void> {
    return this.#child.then(() => this.#crashed)
  }

  /** S2 Undefined when the process died meanwhile. */
  async #try<Name extends QuestionName>(
    name: Name,
    given: Questions[Name]['given'],
  ): Promise<Questions[Name]['answer'] | undefined> {
    const child = await this.#child
    return child.ask(name, given).catch(ignoreDead)
  }

  async query(module: string, statement: Statement): Promise<StatementResult> {
    const result = await this.#try('query', { module, statement })
    if (!result) throw banyanError('unavailable', { what: module })
    return result
  }

  async rest(timeoutMs: number): Promise<string> {
    // One that died meanwhile did not rest.
    return `${this.#generation}:${(await this.#try('rest', timeoutMs)) ?? 'dead'}`
  }

  /** As last heard; the next one is on its way then. */
  health(): HealthReport | undefined {
    void this.#refresh('health')
    return this.#health
  }

  async #refresh(name: 'health' | 'told'): Promise<void> {
    // A process that is dead has nothing to tell.
    const health = await this.#try(name, undefined).catch(() => undefined)
    if (health) this.#health = health
  }

  told(): Promise<void> {
    return this.#refresh('told')
  }

  arm(point: ArmedPoint): void {
    // Calls go another way and could be quicker, so they wait for it. A process that begins meanwhile is told then.
    const armed = this.#try('arm', point).catch(() => undefined)
    this.#arming = Promise.all([this.#arming, armed])
  }

  readonly clock: DistantClock = {
    next: () => this.#try('clockNext', undefined),
    moveTo: async (time) => void (await this.#try('clockMove', time)),
  }

  async stop(deadlineMs: number): Promise<void> {
    const child = await this.#child.catch(() => undefined)
    this.#stopping = true
    this.#instance = undefined
    this.#child = Promise.reject(banyanError('unavailable', { what: `${this.name} (stopped)` }))
    this.#child.catch(() => undefined)
    if (!child?.alive) return
    try {
      await child.ask('end', deadlineMs)
      this.#options.pool.put(child)
    } catch (error) {
      child.kill()
      throw error
    }
  }
}

/** What a dead process does not answer, the next one will be asked. */
function ignoreDead(error: unknown): undefined {
  if (!(error instanceof ChildEnded)) throw error
}

interface Line {
  readonly level: number
  readonly time: string
  readonly msg: string
}

/** A line that the log of another process made. */
function writeLine(logger: Logger, line: string): void {
  const { level, time: _, msg, ...fields } = JSON.parse(line) as Line
  const name = logger.levels.labels[level] ?? 'error'
  logger[name as 'error'](fields, msg)
}
