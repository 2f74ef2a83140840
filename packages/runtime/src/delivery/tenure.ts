import { banyanError } from '@banyan/errors'
import { laneCount } from '../call/lane.js'
import type { Committed, LogEvent, ModuleStore, NewEvent, NewJob } from '../ports/store.js'
import type { Activity } from './activity.js'
import { Attempt } from './attempt.js'
import { spread } from './backoff.js'
import { Bell } from './bell.js'
import type { SubscriptionCounters } from './counters.js'
import type { Feed } from './feed/feed.js'
import type { DeliveryHost } from './options.js'
import { ParkedKeys } from './parked-keys.js'
import type { EventRunner, SubscriptionPlan } from './ports.js'

/** What a subscription gives to the tenures it goes through. */
export interface TenureSetting {
  readonly host: DeliveryHost
  readonly plan: SubscriptionPlan
  readonly store: ModuleStore
  readonly feed: Feed
  readonly events: EventRunner
  readonly activity: Activity
  readonly counters: SubscriptionCounters
  /** For logs and errors: `notifications/on/orders`. */
  readonly what: string
  /** Tells the process what a unit of this subscription appended. */
  committed(events: readonly LogEvent[], jobs: readonly NewJob[]): void
  /** Something was appended whose positions are not known. */
  appendedUnseen(): void
}

/** What handles the live events of some of the lanes. */
export interface LiveWork {
  readonly bell: Bell
  /** What keeps it from going on, in words. */
  readonly trouble: string | undefined
  /** Counts of batches; a batch is under way while they differ. */
  readonly batchesBegun: number
  readonly batchesEnded: number
  owns(lane: number): boolean
  run(): Promise<void>
}

/** What handles parked events of all the lanes. */
export interface ParkedWork {
  readonly bell: Bell
  readonly condemned: Map<string, string>
  run(): Promise<void>
}

/** Who works during a tenure; given by the subscription, so that a tenure need not know them. */
export interface TenureWorkers {
  live(tenure: Tenure, lanes: readonly TenureLane[]): LiveWork
  parked(tenure: Tenure): ParkedWork
}

/** A lane held by this process. */
export interface TenureLane {
  readonly lane: number
  readonly block: number
  readonly epoch: number
  /** Position in the database. */
  committed: number
  /** Position up to which nothing is left to do; ahead of `committed` by events that no handler wants. */
  seen: number
}

export type TenureEnd = {
  readonly kind: 'stopping' | 'leases-changed' | 'lost' | 'fenced' | 'went-back' | 'failed'
  readonly error?: unknown
}

/**
 * The time during which this process holds certain lanes of a subscription under certain epochs. Owns all that is known
 * of them in memory: positions, parked keys, what is being handled. When anything about it becomes doubtful (a lease
 * lost, an outcome unknown, a log that went back) the tenure ends as a whole, and the next one starts from the database.
 *
 * I1 Nothing in memory outlives the tenure that it was read for.
 * I2 The end waits for, or interrupts, all that is under way; after `run` has resolved nothing of the tenure writes.
 */
export class Tenure {
  readonly setting: TenureSetting
  readonly lanes: readonly TenureLane[]
  readonly laneNumbers: readonly number[]
  readonly parked: ParkedKeys
  /** Events up to the known heads that are not handled yet. */
  lag = 0
  /** What an event took of late, in milliseconds. */
  msPerEvent = 0.1
  end: TenureEnd | undefined
  aborted = false
  readonly #byLane: (TenureLane | undefined)[] = new Array(laneCount)
  readonly #live: readonly LiveWork[]
  readonly #parkedRunner: ParkedWork
  readonly #attempts = new Set<Attempt>()
  readonly #reconcileBell = new Bell()
  readonly #pauses = new Set<() => void>()

  constructor(setting: TenureSetting, lanes: readonly TenureLane[], workers: TenureWorkers) {
    const { limits } = setting.host
    this.setting = setting
    this.lanes = lanes
    this.laneNumbers = lanes.map((lane) => lane.lane)
    for (const lane of lanes) this.#byLane[lane.lane] = lane
    this.parked = new ParkedKeys({ perKey: limits.parkedPerKey, perSubscription: limits.parkedPerSubscription })
    const count = Math.max(1, Math.min(setting.plan.parallel, lanes.length))
    this.#live = Array.from({ length: count }, (_, index) => {
      const own = lanes.filter((_lane, at) => at % count === index)
      return workers.live(this, own)
    })
    this.#parkedRunner = workers.parked(this)
  }

  /** Runs until it ends, and says why it did. */
  async run(): Promise<TenureEnd> {
    const { laneNumbers } = this
    const lag = (): number => this.lag
    const detach = this.setting.feed.attach({
      lanes: laneNumbers,
      get lag() {
        return lag()
      },
      wake: () => this.wakeLive(),
      grew: (lane, count) => {
        if (this.#byLane[lane]) this.lag += count
      },
      wentBack: () => this.finish({ kind: 'went-back' }),
    })
    // In one turn with attaching, so that no growth is missed or counted twice.
    for (const lane of this.lanes) this.lag += Math.max(0, (this.setting.feed.heads[lane.lane] as number) - lane.seen)
    const guarded = async (loop: () => Promise<void>): Promise<void> => {
      try {
        await loop()
      } catch (error) {
        this.finish({ kind: 'failed', error })
      }
    }
    await Promise.all([
      ...this.#live.map((runner) => guarded(() => runner.run())),
      guarded(() => this.#parkedRunner.run()),
      guarded(() => this.#reconciliation()),
    ])
    detach()
    return this.end ?? { kind: 'stopping' }
  }

  /** Ends the tenure after what is under way; the first reason counts. */
  finish(end: TenureEnd): void {
    this.end ??= end
    this.wakeLive()
    this.#parkedRunner.bell.ring()
    this.#reconcileBell.ring()
    for (const go of this.#pauses) go()
  }

  /** Ends the tenure and interrupts what is under way (I2). */
  abort(end: TenureEnd): void {
    this.aborted = true
    this.finish(end)
    for (const attempt of this.#attempts) attempt.interrupt(banyanError('cancelled', { operation: this.setting.what }))
  }

  wakeLive(): void {
    for (const runner of this.#live) runner.bell.ring()
  }

  wakeParked(): void {
    this.#parkedRunner.bell.ring()
  }

  /** Events were handled: keeps the lag and the pace, from memory. */
  moved(events: number, tookMs: number): void {
    this.lag -= events
    const weight = Math.min(0.5, events / 1_000)
    this.msPerEvent += (tookMs / events - this.msPerEvent) * weight
  }

  /** No further attempt can mend the event: it becomes a dead letter as soon as its row is there. */
  condemn(event: LogEvent, error: string): void {
    this.#parkedRunner.condemned.set(`${event.lane}:${event.position}`, error)
  }

  /** Looks for parked events that came from outside. */
  reconcileSoon(): void {
    this.#reconcileBell.ring()
  }

  lane(lane: number): TenureLane {
    return this.#byLane[lane] as TenureLane
  }

  /** Whether live events are held up because too much is parked. */
  get full(): string | undefined {
    return this.parked.full
  }

  /** Why the infrastructure holds it up, if it does. */
  get trouble(): string | undefined {
    return this.#live.find((runner) => runner.trouble !== undefined)?.trouble
  }

  /** Makes a unit of work that ends with the tenure. Given back by `close`. */
  attempt(): Attempt {
    const { store, host, what } = this.setting
    const attempt = new Attempt(store, host.ambient, host.limits.handlerMs, what)
    this.#attempts.add(attempt)
    if (this.aborted) attempt.interrupt(banyanError('cancelled', { operation: what }))
    return attempt
  }

  close(attempt: Attempt): void {
    attempt.leave()
    this.#attempts.delete(attempt)
  }

  /** Hands over what a committed unit appended, with its positions. */
  handOver(events: readonly NewEvent[], jobs: readonly NewJob[], committed: Committed): void {
    if (events.length === 0 && jobs.length === 0) return
    this.setting.committed(
      events.map((event, index) => withPosition(event, committed.positions[index] as number)),
      jobs,
    )
  }

  /** A wait that real time ends, or a ring of the bell. */
  rest(bell: Bell, delayMs?: number): Promise<boolean> {
    return bell.wait(delayMs, this.setting.host.upkeepAfter)
  }

  /** A wait of real time that only the end of the tenure cuts short. */
  async pause(delayMs: number): Promise<void> {
    if (this.end) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        cancel()
        this.#pauses.delete(go)
        resolve()
      }
      const cancel = this.setting.host.upkeepAfter(delayMs, go)
      this.#pauses.add(go)
    })
  }

  async #reconciliation(): Promise<void> {
    const { host, plan, store } = this.setting
    const random = (): number => host.ambient.random()
    while (!this.end) {
      await this.rest(this.#reconcileBell, spread(host.limits.reconcileMs, random))
      if (this.end) return
      try {
        await this.parked.reconcile(
          () => store.subscriptions.parkedKeys(plan.key, this.laneNumbers),
          (lane) => this.#barrier(lane),
        )
      } catch (error) {
        // Only the search for rows from outside is late; live traffic tells of the trouble by itself.
        host.logger.debug({ err: error, subscription: this.setting.what }, 'parked keys could not be read')
        continue
      }
      if (this.parked.total > 0) this.wakeParked()
      if (!this.full) this.wakeLive()
    }
  }

  /** Passes once the live batches under way now have ended. */
  #barrier(lane: number): () => boolean {
    const runner = this.#live.find((candidate) => candidate.owns(lane))
    const batch = runner?.batchesBegun ?? 0
    return () => (runner?.batchesEnded ?? 0) >= batch
  }
}

function withPosition(event: NewEvent, position: number): LogEvent {
  const { id, lane, key, type, version, data, at, context } = event
  return { id, lane, position, key, type, version, data, at, context }
}
