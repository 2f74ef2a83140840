import { banyanError, type ErrorData } from '@banyan/errors'
import type { Envelope, Outcome, TravelContext } from '../call/envelope.js'
import type { Job, JobStore, NewJob } from '../ports/store.js'
import type { Activity } from './activity.js'
import { backoffMs, spread } from './backoff.js'
import { Bell } from './bell.js'
import { JobCounters } from './counters.js'
import { failureFields } from './failure.js'
import { FaultPointError, reach } from './fault-points.js'
import type { LeaseKeeper } from './lease-keeper.js'
import type { DeliveryHost } from './options.js'
import type { JobRunner } from './ports.js'

const leaseName = 'jobs'

/**
 * Makes the durable calls of one module when they are due. One process at a time does it, under a lease.
 *
 * I1 The id of a job is the id of the command it makes, so a job that is called twice takes effect once (P4): the call
 *    comes first, its row is removed afterwards, and a crash in between repeats the call.
 * I2 At most so many jobs run at a time (P9); none is taken while it runs.
 * I3 A call that was cut off because this process stops is not counted.
 */
export class JobsRunner {
  readonly module: string
  readonly counters = new JobCounters()
  readonly #store: JobStore
  readonly #runner: JobRunner
  readonly #keeper: LeaseKeeper
  readonly #host: DeliveryHost
  readonly #activity: Activity
  readonly #bell = new Bell()
  readonly #running = new Map<string, AbortController>()
  readonly #open = new Set<Promise<void>>()
  /** When the soonest job that is not due yet is; what this process knows. */
  #nextAt = Number.POSITIVE_INFINITY
  #leased = false
  #stopping = false
  #loop: Promise<void> | undefined

  constructor(
    module: string,
    parts: { store: JobStore; runner: JobRunner; keeper: LeaseKeeper; host: DeliveryHost; activity: Activity },
  ) {
    this.module = module
    this.#store = parts.store
    this.#runner = parts.runner
    this.#keeper = parts.keeper
    this.#host = parts.host
    this.#activity = parts.activity
  }

  get running(): number {
    return this.#running.size
  }

  /** Whether this process is the one that runs the jobs of the module. */
  get leased(): boolean {
    return this.#leased
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Starts no more jobs, and waits for those under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#loop
    await Promise.all(this.#open)
    if (!this.#leased) return
    this.#leased = false
    await this.#keeper.release(leaseName).catch((error: unknown) => {
      // The session is gone, and the lease with it.
      this.#host.logger.debug({ err: error, module: this.module }, 'the lease of jobs could not be given back')
    })
  }

  /** Cuts off the jobs under way (I3). */
  abort(): void {
    for (const controller of this.#running.values())
      controller.abort(banyanError('cancelled', { operation: `a job of ${this.module}` }))
  }

  /** Jobs were committed: looks when one of them is sooner than what it waits for. */
  added(jobs: readonly NewJob[]): void {
    let soonest = Number.POSITIVE_INFINITY
    for (const job of jobs) soonest = Math.min(soonest, job.runAt)
    if (soonest >= this.#nextAt) return
    this.#nextAt = soonest
    this.#activity.note()
    this.#bell.ring()
  }

  /** Looks at once: jobs may have come from outside. */
  wake(): void {
    this.#bell.ring()
  }

  /** Whether a job is due that is not done. */
  async isDue(): Promise<boolean> {
    return (await this.#store.due(this.#host.ambient.now(), 1, [])).length > 0
  }

  async #run(): Promise<void> {
    const host = this.#host
    const random = (): number => host.ambient.random()
    let failures = 0
    while (!this.#stopping) {
      try {
        if (!this.#leased && !(await this.#lease())) {
          await this.#bell.wait(spread(host.limits.acquireMs, random), host.upkeepAfter)
          continue
        }
        const wait = await this.#look()
        failures = 0
        if (wait && !this.#stopping) await wait()
      } catch (error) {
        const delayMs = backoffMs(host.limits.infrastructureBackoff, ++failures, random)
        const fields = { ...failureFields(error), module: this.module, delayMs }
        if (failures === 1) host.logger.warn(fields, 'jobs cannot be read; trying again')
        else host.logger.debug(fields, 'jobs still cannot be read')
        await this.#bell.wait(delayMs, host.upkeepAfter)
      }
    }
  }

  async #lease(): Promise<boolean> {
    const leases = await this.#keeper.acquire(leaseName, [0], () => {
      this.#leased = false
      this.#bell.ring()
    })
    this.#leased = leases.length > 0
    return this.#leased
  }

  /**
   * Starts what is due, and gives the wait for the next, if any. The look is activity, so that who waits for rest finds
   * the timer of the next one set.
   */
  async #look(): Promise<(() => Promise<unknown>) | undefined> {
    this.#activity.begin()
    try {
      return await this.#untilNext(await this.#startDue())
    } finally {
      this.#activity.end()
    }
  }

  /** Starts due jobs while there is room (I2); says whether it stopped for want of room. */
  async #startDue(): Promise<boolean> {
    const room = this.#host.limits.jobConcurrency - this.#running.size
    if (room <= 0) return true
    const due = await this.#store.due(this.#host.ambient.now(), room, [...this.#running.keys()])
    for (const job of due) {
      if (this.#stopping || !this.#leased) return false
      const work: Promise<void> = this.#perform(job).finally(() => {
        this.#open.delete(work)
        this.#bell.ring()
      })
      this.#open.add(work)
    }
    return due.length === room
  }

  async #untilNext(full: boolean): Promise<(() => Promise<unknown>) | undefined> {
    // Whoever ends rings.
    if (full) return this.#running.size > 0 ? () => this.#bell.wait() : undefined
    // Reset first: what is added while the store is asked rings the bell, and must not be forgotten.
    this.#nextAt = Number.POSITIVE_INFINITY
    const [soonest] = await this.#store.due(Number.MAX_SAFE_INTEGER, 1, [...this.#running.keys()])
    if (soonest) this.#nextAt = Math.min(this.#nextAt, soonest.runAt)
    const delayMs = this.#nextAt - this.#host.ambient.now()
    // It came just after the look.
    return delayMs <= 0 ? undefined : () => this.#wait(delayMs)
  }

  async #wait(delayMs: number): Promise<void> {
    const { ambient, limits, upkeepAfter } = this.#host
    const cancel = Number.isFinite(delayMs) ? ambient.after(delayMs, () => this.#bell.ring()) : undefined
    try {
      await this.#bell.wait(
        spread(limits.reconcileMs, () => ambient.random()),
        upkeepAfter,
      )
    } finally {
      cancel?.()
    }
  }

  async #perform(job: Job): Promise<void> {
    const controller = new AbortController()
    this.#running.set(job.id, controller)
    this.#activity.begin()
    const details = { module: this.module, callee: job.module, operation: job.operation }
    try {
      await reach(this.#host.ambient, 'jobs.before-call', details)
      const outcome = await this.#call(job, controller)
      await reach(this.#host.ambient, 'jobs.after-call', details)
      if (outcome && (await this.#record(job, outcome))) await reach(this.#host.ambient, 'jobs.after-done', details)
    } catch (error) {
      // The row stays, so the job is called again under its id (I1).
      if (!(error instanceof FaultPointError))
        this.#host.logger.warn(
          { err: error, module: this.module, job: job.id },
          'a job could not be recorded; it is called again',
        )
      await this.#pause()
    } finally {
      this.#running.delete(job.id)
      this.#activity.end()
    }
  }

  /** The outcome; undefined when the call was cut off. */
  async #call(job: Job, controller: AbortController): Promise<Outcome | undefined> {
    const { limits, upkeepAfter } = this.#host
    const operation = `${job.module}.${job.operation}`
    let cancel = (): void => undefined
    const late = new Promise<Outcome>((resolve) => {
      cancel = upkeepAfter(limits.jobMs, () => {
        const error = banyanError('outcome-unknown', { operation })
        controller.abort(error)
        resolve({ ok: false, error })
      })
      // A call that ignores its signal holds neither the stop nor the slot.
      controller.signal.addEventListener('abort', () => resolve({ ok: false, error: controller.signal.reason }), {
        once: true,
      })
    })
    try {
      const outcome = await Promise.race([this.#runner.call(envelopeOf(this.module, job), controller.signal), late])
      const stopped = this.#stopping && controller.signal.aborted
      return stopped && !outcome.ok ? undefined : outcome
    } finally {
      cancel()
    }
  }

  /** Writes down what came of it; says whether the job is gone for having succeeded. */
  async #record(job: Job, outcome: Outcome): Promise<boolean> {
    const { ambient, limits, logger } = this.#host
    if (outcome.ok) {
      await this.#store.done(job.id)
      this.counters.done++
      return true
    }
    const { error } = outcome
    const attempts = job.attempts + 1
    const fields = {
      module: this.module,
      job: job.id,
      callee: job.module,
      operation: job.operation,
      code: error.code,
      attempts,
    }
    const text = outcomeText(error)
    // What a contract declares is the recorded outcome of this id: asking again would only repeat it (S1).
    const definite = error.code.includes('.')
    if (definite || !error.retryable || attempts >= limits.jobAttempts) {
      await this.#store.dead(job.id, { error: text, at: ambient.now() })
      this.counters.dead++
      logger.error(fields, 'a job became a dead letter')
      return false
    }
    const delayMs = backoffMs(limits.attemptBackoff, attempts, () => ambient.random())
    await this.#store.failed(job.id, { error: text, nextAt: ambient.now() + delayMs })
    this.counters.failed++
    logger.warn({ ...fields, delayMs }, 'a job failed and is called again later')
    return false
  }

  /** Keeps a job that could not be recorded from being called again at once. */
  #pause(): Promise<void> {
    if (this.#stopping) return Promise.resolve()
    const { ambient, limits, upkeepAfter } = this.#host
    return new Promise((resolve) => {
      upkeepAfter(
        backoffMs(limits.infrastructureBackoff, 4, () => ambient.random()),
        resolve,
      )
    })
  }
}

function outcomeText({ code, message, details, origin, retryable, status }: ErrorData): string {
  return JSON.stringify({ code, message, details, origin, retryable, status })
}

function envelopeOf(module: string, job: Job): Envelope {
  return {
    kind: 'command',
    module: job.module,
    operation: job.operation,
    input: JSON.parse(job.input),
    id: job.id,
    repeatable: true,
    caller: module,
    travel: JSON.parse(job.context) as TravelContext,
  }
}
