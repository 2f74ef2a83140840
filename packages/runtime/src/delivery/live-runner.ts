import { isBanyanError } from '@banyan/errors'
import type { LogEvent, NewEvent, NewJob, SubscriptionStep } from '../ports/store.js'
import type { Attempt } from './attempt.js'
import { backoffMs } from './backoff.js'
import { Bell } from './bell.js'
import { failureKind, failureText } from './failure.js'
import { reach } from './fault-points.js'
import type { Effects } from './ports.js'
import type { Tenure, TenureLane } from './tenure.js'

type Parking = NonNullable<SubscriptionStep['park']>[number]

/** What one transaction over several events has gathered so far. */
interface Batch {
  readonly start: number
  readonly end: number
  readonly events: NewEvent[]
  readonly jobs: NewJob[]
  readonly park: Parking[]
  streams?: Effects['streams']
  /** The event being handled. */
  at: number
  handled: number
  phase: 'handle' | 'commit'
}

const flushMs = 1_000
const flushEvents = 5_000
const fullCheckMs = 1_000
/** So many that a transaction of their own is worth it: no more are waited for. */
const smallBatchEvents = 64
/** A stream of small batches is busy one part of the time in so many. */
const busyOneIn = 4

/**
 * Handles the live events of its lanes: one transaction at a time, over as many events as wait.
 *
 * I1 Per lane events are handled in the order of positions, and a lane's progress is in the transaction of the effect.
 * I2 What failed as a batch is done again in smaller ones, the event that failed by itself; so one event's failure
 *    costs others a repetition, never their effect.
 * I3 An event whose key is parked is parked behind it, in the batch's transaction.
 * I4 After a commit whose outcome is not known nothing of memory is trusted: the tenure ends.
 */
export class LiveRunner {
  readonly bell = new Bell()
  batchesBegun = 0
  batchesEnded = 0
  trouble: string | undefined
  readonly #tenure: Tenure
  readonly #lanes: readonly TenureLane[]
  #queue: readonly LogEvent[] = []
  #next = 0
  #limit: number
  /** The event that made a batch fail: done by itself. */
  #suspect: LogEvent | undefined
  /** Failures in a row that are not the handler's. */
  #strikes = 0
  #unflushed = 0
  #begunAt = 0
  /** When the next batch may begin where few events wait, until it was looked at. */
  #gatherUntil: number | undefined

  constructor(tenure: Tenure, lanes: readonly TenureLane[]) {
    this.#tenure = tenure
    this.#lanes = lanes
    this.#limit = tenure.setting.host.limits.batchEvents
  }

  owns(lane: number): boolean {
    return this.#lanes.some((own) => own.lane === lane)
  }

  async run(): Promise<void> {
    const { host, feed } = this.#tenure.setting
    const { batchEvents, batchBytes } = host.limits
    while (!this.#tenure.end) {
      if (this.#tenure.full) {
        await this.#tenure.rest(this.bell, fullCheckMs)
        continue
      }
      if (this.#next >= this.#queue.length) {
        await this.#gather()
        const read = feed.read(this.#lanes, batchEvents, batchBytes)
        this.#queue = read instanceof Promise ? await read : read
        this.#next = 0
        if (this.#queue.length === 0) {
          await this.#idle()
          continue
        }
        await reach(host.ambient, 'feed.after-read', this.#details)
      }
      this.#skip()
      if (this.#next < this.#queue.length) await this.#batch(this.#cut())
    }
    if (!this.#tenure.aborted) await this.#flush()
  }

  get #details(): Readonly<Record<string, unknown>> {
    const { module, key } = this.#tenure.setting.plan
    return { module, source: key.source, subscription: key.subscription }
  }

  /**
   * Lets events gather after a small batch: transactions of few events take the machine from those who publish them. How
   * long goes by what the last one took, so it is next to nothing where the machine has time.
   */
  async #gather(): Promise<void> {
    const until = this.#gatherUntil
    this.#gatherUntil = undefined
    if (until === undefined || this.#tenure.lag >= smallBatchEvents) return
    const leftMs = until - this.#tenure.setting.host.ambient.monotonic()
    if (leftMs > 0) await this.#tenure.pause(leftMs)
  }

  /** Nothing waits: writes down the positions that only skipped events moved, then rests. */
  async #idle(): Promise<void> {
    this.#tenure.setting.activity.note()
    const rung = await this.#tenure.rest(this.bell, this.#unflushed > 0 ? flushMs : undefined)
    if (!rung) await this.#flush()
  }

  /** Passes leading events that no handler wants; their positions are written with the next effect. */
  #skip(): void {
    const { plan, counters } = this.#tenure.setting
    const from = this.#next
    for (let event = this.#queue[from]; event && !plan.types.has(event.type); event = this.#queue[this.#next]) {
      this.#tenure.lane(event.lane).seen = event.position
      this.#next++
    }
    const skipped = this.#next - from
    this.#unflushed += skipped
    this.#tenure.lag -= skipped
    counters.skipped += skipped
  }

  /** Where the next batch ends. I2: the suspect is alone. */
  #cut(): number {
    const end = Math.min(this.#queue.length, this.#next + this.#limit)
    if (!this.#suspect) return end
    const suspect = this.#queue.indexOf(this.#suspect, this.#next)
    if (suspect < 0) return end
    return suspect === this.#next ? suspect + 1 : Math.min(end, suspect)
  }

  async #batch(end: number): Promise<void> {
    const { activity } = this.#tenure.setting
    const batch: Batch = {
      start: this.#next,
      end,
      events: [],
      jobs: [],
      park: [],
      at: this.#next,
      handled: 0,
      phase: 'handle',
    }
    activity.begin()
    this.batchesBegun++
    this.#begunAt = this.#tenure.setting.host.ambient.monotonic()
    const attempt = this.#tenure.attempt()
    try {
      await this.#attempt(batch, attempt)
    } catch (error) {
      await this.#failed(batch, attempt, error)
    } finally {
      this.#tenure.close(attempt)
      this.#gatherUntil = this.#begunAt + this.#everyMs()
      this.batchesEnded++
      activity.end()
      // Keys that were only found while this batch was under way may be handled now.
      if (this.#tenure.parked.total > 0) this.#tenure.wakeParked()
    }
    if (this.#unflushed >= flushEvents) await this.#flush()
  }

  /** From the beginning of the batch that ends now to that of the next, where few events wait. */
  #everyMs(): number {
    const { ambient, limits } = this.#tenure.setting.host
    return Math.min(limits.batchEveryMs, busyOneIn * (ambient.monotonic() - this.#begunAt))
  }

  async #attempt(batch: Batch, attempt: Attempt): Promise<void> {
    const { ambient } = this.#tenure.setting.host
    const end = await attempt.under(this.#handle(batch, attempt))
    attempt.leave()
    if (end === batch.start) return attempt.abandon()
    await reach(ambient, 'feed.before-commit', this.#details)
    batch.phase = 'commit'
    const step = this.#step(end, batch.park)
    const { events, jobs, streams } = batch
    const committed = await attempt.under(attempt.unit.commit({ events, jobs, step, streams: streams?.ending() }))
    this.#advanced(batch, end, step)
    await reach(ambient, 'feed.after-commit', this.#details)
    this.#tenure.handOver(events, jobs, committed)
  }

  /** Runs the handlers; returns where it stopped: before the end when time is up, or when nothing more can be parked. */
  async #handle(batch: Batch, attempt: Attempt): Promise<number> {
    const { plan, host, events } = this.#tenure.setting
    const { parked } = this.#tenure
    const details = this.#details
    for (let at = batch.start; at < batch.end; at++) {
      const event = this.#queue[at] as LogEvent
      batch.at = at
      if (!plan.types.has(event.type)) continue
      if (parked.total > 0 && parked.has(event.lane, event.key)) {
        if (!parked.room(event.lane, event.key)) return at
        this.#park(batch, { event, attempts: 0, nextAt: host.ambient.now() })
        continue
      }
      const armed = reach(host.ambient, 'feed.before-handle', details)
      if (armed) await armed
      if (attempt.interruption) throw attempt.interruption
      const deadlineAt = attempt.enter()
      const effects = await events.handle(plan.module, plan.key, event, attempt.unit, attempt.signal, deadlineAt)
      // Interrupted meanwhile: the batch has been given up, and its successor may be under way.
      if (attempt.interruption) throw attempt.interruption
      batch.handled++
      if (effects.events.length > 0) batch.events.push(...effects.events)
      if (effects.jobs.length > 0) batch.jobs.push(...effects.jobs)
      batch.streams = effects.streams ?? batch.streams
      // What handlers locked is locked until the commit: slow handlers make short batches.
      if (host.ambient.monotonic() - this.#begunAt >= host.limits.batchMs) return at + 1
    }
    return batch.end
  }

  #park(batch: Batch, parking: Parking): void {
    this.#tenure.parked.add(parking.event.lane, parking.event.key)
    batch.park.push(parking)
  }

  /** The progress up to `end`, with that of lanes that only skipped events moved. */
  #step(end: number, park: readonly Parking[]): SubscriptionStep {
    const to = new Map<number, number>()
    for (let at = this.#next; at < end; at++) {
      const event = this.#queue[at] as LogEvent
      to.set(event.lane, event.position)
    }
    const lanes: SubscriptionStep['lanes'][number][] = []
    for (const { lane, committed, seen, epoch } of this.#lanes) {
      const position = to.get(lane) ?? seen
      if (position > committed) lanes.push({ lane, from: committed, to: position, epoch })
    }
    const { key } = this.#tenure.setting.plan
    return park.length > 0 ? { key, lanes, park } : { key, lanes }
  }

  /** The transaction is committed: memory follows it. */
  #advanced(batch: Batch, end: number, step: SubscriptionStep): void {
    const { counters, host } = this.#tenure.setting
    for (const { lane, to } of step.lanes) {
      const own = this.#tenure.lane(lane)
      own.committed = to
      own.seen = to
    }
    for (const { event } of batch.park) this.#tenure.parked.settle(event.lane, event.key)
    const moved = end - batch.start
    if (this.#queue[batch.start] === this.#suspect) this.#suspect = undefined
    this.#next = end
    this.#unflushed = 0
    this.#tenure.moved(moved, host.ambient.monotonic() - this.#begunAt)
    counters.batches++
    counters.handled += batch.handled
    counters.parked += batch.park.length
    this.#strikes = 0
    this.trouble = undefined
    this.#limit = Math.min(host.limits.batchEvents, this.#limit * 2)
  }

  async #failed(batch: Batch, attempt: Attempt, error: unknown): Promise<void> {
    const { setting, end } = this.#tenure
    const kind = failureKind(error, setting.store)
    if (batch.phase === 'commit') {
      // After the commit only the fault point and the hand-over can throw.
      if (this.#next > batch.start) {
        setting.appendedUnseen()
        return this.#tenure.finish({ kind: 'failed', error })
      }
      if (attempt.interruption || isBanyanError(error, 'outcome-unknown') || isBanyanError(error, 'fenced')) {
        // I4. What it appended, if it did, is found by looking.
        if (!isBanyanError(error, 'fenced')) setting.appendedUnseen()
        return this.#tenure.abort({ kind: 'fenced', error })
      }
    }
    // A unit that refused to commit has ended by itself.
    if (batch.phase === 'handle') await attempt.abandon()
    for (const { event } of batch.park) this.#tenure.parked.undo(event.lane, event.key)
    if (end && this.#tenure.aborted) return
    if (kind === 'fault') return this.#tenure.finish({ kind: 'failed', error })
    const size = batch.end - batch.start
    if (kind === 'transient') return this.#retry(size, error)
    if (kind === 'infrastructure' && batch.phase === 'commit') return this.#retry(size, error)
    // I2. The constraint that failed at commit belongs to one of them: the halves tell.
    if (batch.phase === 'commit' && size > 1) this.#limit = Math.max(1, size >> 1)
    else if (batch.phase === 'commit' && batch.park.length === size) await this.#retry(size, error)
    else await this.#blame(batch, error, kind === 'infrastructure')
  }

  /** Nobody's fault: waits, then does it again with fewer events, so that fewer rows can be in each other's way. */
  async #retry(size: number, error: unknown): Promise<void> {
    const { host, counters, what } = this.#tenure.setting
    this.#limit = Math.max(1, size >> 1)
    this.#strikes++
    counters.retried++
    const delayMs = backoffMs(host.limits.infrastructureBackoff, this.#strikes, () => host.ambient.random())
    if (this.#strikes > 3) {
      this.trouble = `the database refuses: ${(error as Error)?.message ?? error}`
      host.logger.warn(
        { err: error, subscription: what, failures: this.#strikes, delayMs },
        'a batch of events is tried again',
      )
    }
    await this.#tenure.pause(delayMs)
  }

  /** The event at fault is done by itself; if it fails then, it is set aside. */
  async #blame(batch: Batch, error: unknown, unreachable: boolean): Promise<void> {
    const { host, plan, counters, what } = this.#tenure.setting
    const event = this.#queue[batch.at] as LogEvent
    if (batch.end - batch.start > 1) {
      this.#suspect = event
      this.#limit = Math.max(1, batch.at - batch.start)
      return
    }
    this.#suspect = event
    if (unreachable && this.#strikes < host.limits.infrastructureRetries) {
      this.#strikes++
      counters.retried++
      await this.#tenure.pause(backoffMs(host.limits.infrastructureBackoff, this.#strikes, () => host.ambient.random()))
      return
    }
    const last = !unreachable && (plan.attempts <= 1 || host.isHopeless(error))
    // The last attempt is counted where the dead letter is made.
    const attempts = unreachable || last ? 0 : 1
    if (!unreachable) counters.failed++
    const delayMs = last ? 0 : backoffMs(host.limits.attemptBackoff, 1, () => host.ambient.random())
    host.logger.warn(
      { err: error, subscription: what, event: event.id, type: event.type, key: event.key, attempts, delayMs },
      'an event failed and is set aside; later events of its key wait',
    )
    const text = failureText(error)
    if (last) this.#tenure.condemn(event, text)
    await this.#setAside({ event, attempts, nextAt: host.ambient.now() + delayMs, error: text })
  }

  /** Parks an event in the transaction that advances its lane. */
  async #setAside(parking: Parking): Promise<void> {
    const { lane, key } = parking.event
    const { parked } = this.#tenure
    if (!parked.room(lane, key)) return
    const attempt = this.#tenure.attempt()
    const at = this.#next
    const batch: Batch = { start: at, end: at + 1, events: [], jobs: [], park: [], at, handled: 0, phase: 'commit' }
    this.#park(batch, parking)
    try {
      const step = this.#step(at + 1, batch.park)
      await attempt.under(attempt.unit.commit({ step }))
      this.#advanced(batch, at + 1, step)
    } catch (error) {
      await this.#failed(batch, attempt, error)
    } finally {
      this.#tenure.close(attempt)
    }
  }

  /** Writes down positions that only skipped events moved. */
  async #flush(): Promise<void> {
    if (this.#unflushed === 0) return
    const attempt = this.#tenure.attempt()
    const step = this.#step(this.#next, [])
    try {
      if (step.lanes.length > 0) await attempt.under(attempt.unit.commit({ step }))
      for (const { lane, to } of step.lanes) this.#tenure.lane(lane).committed = to
      this.#unflushed = 0
    } catch (error) {
      // Nothing is lost: the events are skipped again from where the positions stand.
      this.#tenure.finish({ kind: 'fenced', error })
    } finally {
      this.#tenure.close(attempt)
    }
  }
}
