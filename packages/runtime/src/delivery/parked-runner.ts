import { isBanyanError } from '@banyan/errors'
import type { ParkedEvent } from '../ports/store.js'
import type { Attempt } from './attempt.js'
import { backoffMs } from './backoff.js'
import { Bell } from './bell.js'
import { failureFields, failureKind, failureText } from './failure.js'
import { reach } from './fault-points.js'
import type { Effects } from './ports.js'
import type { Tenure } from './tenure.js'

const rowsLooked = 32
const deferredLimit = 64
const unknownCheckMs = 250

/**
 * Handles parked events when they are due, beside the live ones: each in a unit of its own.
 *
 * I1 Of a key one event at a time, the first one; other keys beside it, up to the concurrency.
 * I2 The row of a handled event is deleted in the transaction of its effect; the key's count falls after that commit is
 *    known, so a live event of the key can only come after it (parked-keys I1).
 * I3 An attempt that failed for want of infrastructure is not counted.
 */
export class ParkedRunner {
  readonly bell = new Bell()
  /** Events that have had their last attempt as live ones, by lane and position, with the error. */
  readonly condemned = new Map<string, string>()
  readonly #tenure: Tenure
  readonly #running = new Map<string, Promise<void>>()
  /** Keys that wait for the infrastructure, and how often they have; in memory only, as nothing is counted (I3). */
  readonly #deferred = new Set<string>()
  readonly #deferrals = new Map<string, number>()
  readonly #timers = new Set<() => void>()

  constructor(tenure: Tenure) {
    this.#tenure = tenure
  }

  async run(): Promise<void> {
    let strikes = 0
    while (!this.#tenure.end) {
      if (this.#tenure.parked.total === 0 || this.#free() === 0) {
        await this.bell.wait()
        continue
      }
      try {
        const wait = await this.#look()
        strikes = 0
        if (wait) await wait()
      } catch (error) {
        const { host, what } = this.#tenure.setting
        const fields = { ...failureFields(error), subscription: what }
        if (++strikes === 1) host.logger.warn(fields, 'parked events cannot be read; trying again')
        else host.logger.debug(fields, 'parked events still cannot be read')
        await this.#tenure.pause(backoffMs(host.limits.infrastructureBackoff, strikes, () => host.ambient.random()))
      }
    }
    for (const cancel of this.#timers) cancel()
    await Promise.all(this.#running.values())
  }

  #free(): number {
    if (this.#deferred.size >= deferredLimit) return 0
    return this.#tenure.setting.host.limits.parkedConcurrency - this.#running.size
  }

  /**
   * Starts what is due; when there is nothing, gives the wait for the next. The look is activity, so that who waits for
   * rest finds the timer of the next one set.
   */
  async #look(): Promise<(() => Promise<unknown>) | undefined> {
    const { activity } = this.#tenure.setting
    activity.begin()
    try {
      return (await this.#startDue()) ? undefined : await this.#untilNext()
    } finally {
      activity.end()
    }
  }

  /** Starts what is due and free; says whether it started anything. */
  async #startDue(): Promise<boolean> {
    const { plan, store, host } = this.#tenure.setting
    const limit = rowsLooked + this.#running.size + this.#deferred.size
    const rows = await store.subscriptions.parkedDue(plan.key, this.#tenure.laneNumbers, host.ambient.now(), limit)
    if (this.#tenure.end) return true
    let started = false
    for (const row of rows) {
      if (this.#free() <= 0) break
      const id = `${row.lane}:${row.key}`
      if (this.#running.has(id) || this.#deferred.has(id)) continue
      // Came from outside: first its key must block live events (parked-keys I2).
      if (!this.#tenure.parked.has(row.lane, row.key)) {
        this.#tenure.reconcileSoon()
        continue
      }
      if (!this.#tenure.parked.mayHandle(row.lane, row.key)) continue
      this.#running.set(
        id,
        this.#run(row).finally(() => {
          this.#running.delete(id)
          this.bell.ring()
        }),
      )
      started = true
    }
    return started
  }

  /** How to wait for the time of the next parked event, or for something to change. */
  async #untilNext(): Promise<(() => Promise<unknown>) | undefined> {
    const { plan, store, host } = this.#tenure.setting
    const next = await store.subscriptions.parkedNext(plan.key, this.#tenure.laneNumbers)
    if (this.#tenure.end) return undefined
    const now = host.ambient.now()
    if (next === undefined) return () => this.bell.wait()
    if (next > now) return () => this.bell.wait(next - now, (delayMs, task) => host.ambient.after(delayMs, task))
    // Due, but under way, deferred or not to be handled yet: whoever changes that rings.
    return () => this.#tenure.rest(this.bell, unknownCheckMs)
  }

  async #run(row: ParkedEvent): Promise<void> {
    const { activity } = this.#tenure.setting
    const { parked } = this.#tenure
    const place = `${row.lane}:${row.position}`
    activity.begin()
    parked.begin(row.lane, row.key)
    let gone = false
    try {
      const verdict = this.condemned.get(place)
      gone = verdict === undefined ? await this.#handle(row) : await this.#bury(row, verdict)
      this.condemned.delete(place)
    } catch (error) {
      // The row may be there or not: it is counted until a look at the database tells.
      this.#tenure.finish({ kind: 'fenced', error })
    } finally {
      parked.handled(row.lane, row.key, gone)
      activity.end()
      if (gone) {
        this.#deferrals.delete(`${row.lane}:${row.key}`)
        this.#tenure.wakeLive()
      }
    }
  }

  /** Handles one event; says whether its row is gone. Rejects when that is not known, or the epoch is over. */
  async #handle(row: ParkedEvent): Promise<boolean> {
    const { plan, host, events, counters } = this.#tenure.setting
    const { module, key } = plan
    const details = { module, source: key.source, subscription: key.subscription }
    const attempt = this.#tenure.attempt()
    let effects: Effects
    try {
      await reach(host.ambient, 'parked.before-handle', details)
      const deadlineAt = attempt.enter()
      effects = await attempt.under(events.handle(module, key, row, attempt.unit, attempt.signal, deadlineAt))
      attempt.leave()
      await reach(host.ambient, 'parked.before-commit', details)
    } catch (error) {
      await attempt.abandon()
      this.#tenure.close(attempt)
      return this.#failed(row, error)
    }
    try {
      const handled = { lane: row.lane, position: row.position, epoch: this.#tenure.lane(row.lane).epoch }
      const step = { key, lanes: [], handled }
      const streams = effects.streams?.ending()
      const committed = await attempt.under(attempt.unit.commit({ ...effects, streams, step }))
      counters.handled++
      this.#tenure.handOver(effects.events, effects.jobs, committed)
    } catch (error) {
      return this.#refused(row, attempt, error)
    } finally {
      this.#tenure.close(attempt)
    }
    await this.#committed(details)
    return true
  }

  async #committed(details: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      await reach(this.#tenure.setting.host.ambient, 'parked.after-commit', details)
    } catch (error) {
      this.#tenure.finish({ kind: 'failed', error })
    }
  }

  /** The unit was refused at its commit. */
  async #refused(row: ParkedEvent, attempt: Attempt, error: unknown): Promise<boolean> {
    if (attempt.interruption || isBanyanError(error, 'fenced') || isBanyanError(error, 'outcome-unknown')) {
      this.#tenure.setting.appendedUnseen()
      throw error
    }
    return this.#failed(row, error)
  }

  async #failed(row: ParkedEvent, error: unknown): Promise<boolean> {
    const { host, store, plan, what, counters } = this.#tenure.setting
    if (this.#tenure.aborted) return false
    const kind = failureKind(error, store)
    if (kind === 'fault') throw error
    if (kind !== 'handler') {
      this.#defer(row)
      return false
    }
    counters.failed++
    const attempts = row.attempts + 1
    if (attempts >= plan.attempts || host.isHopeless(error)) return this.#bury(row, failureText(error))
    const delayMs = backoffMs(host.limits.attemptBackoff, attempts, () => host.ambient.random())
    host.logger.warn(
      { err: error, subscription: what, event: row.id, type: row.type, key: row.key, attempts, delayMs },
      'a parked event failed again',
    )
    const epoch = this.#tenure.lane(row.lane).epoch
    await store.subscriptions.parkedFailed(row, epoch, {
      error: failureText(error),
      nextAt: host.ambient.now() + delayMs,
    })
    return false
  }

  /** I3: the key waits a while; nothing is written down. */
  #defer(row: ParkedEvent): void {
    const { host, counters } = this.#tenure.setting
    const id = `${row.lane}:${row.key}`
    counters.retried++
    const failures = (this.#deferrals.get(id) ?? 0) + 1
    this.#deferrals.set(id, failures)
    this.#deferred.add(id)
    const delayMs = backoffMs(host.limits.infrastructureBackoff, failures, () => host.ambient.random())
    const cancel = host.upkeepAfter(delayMs, () => {
      this.#timers.delete(cancel)
      this.#deferred.delete(id)
      this.bell.ring()
    })
    this.#timers.add(cancel)
  }

  /** Moves the event to the dead letters; says whether its key may go on without it. */
  async #bury(row: ParkedEvent, error: string): Promise<boolean> {
    const { host, store, plan, what, counters } = this.#tenure.setting
    const hold = plan.onDead === 'hold'
    const epoch = this.#tenure.lane(row.lane).epoch
    await store.subscriptions.parkedDead(row, epoch, { error, at: host.ambient.now(), hold })
    counters.dead++
    host.logger.error(
      { subscription: what, event: row.id, type: row.type, key: row.key, attempts: row.attempts + 1, held: hold },
      'an event became a dead letter',
    )
    return !hold
  }
}
