import { isBanyanError } from '@banyan/errors'
import { laneCount } from '../../call/lane.js'
import type { EventStream } from '../../ports/event-stream.js'
import type { LogEvent, LogStore } from '../../ports/store.js'
import { backoffMs, spread } from '../backoff.js'
import { Bell } from '../bell.js'
import { failureFields } from '../failure.js'
import type { Feed } from '../feed/feed.js'
import type { LeaseKeeper } from '../lease-keeper.js'
import type { DeliveryHost } from '../options.js'
import { align } from './alignment.js'
import { Publication } from './publication.js'

export interface RelayParts {
  readonly stream: EventStream
  readonly feed: Feed
  readonly log: LogStore
  readonly keeper: LeaseKeeper
  readonly host: DeliveryHost
  /** Whether a subscriber, by module, runs in another service. */
  readonly isRemote: (subscriber: string) => boolean
}

/** What the publishing of a module's events to other services does. */
export interface RelayHealth {
  readonly state: 'waiting' | 'running' | 'stopped' | 'elsewhere'
  readonly reason?: string
  /** Events of the log that are not published yet, as far as is known; 0 where another process publishes. */
  readonly behind: number
}

const leaseName = 'relay'
const ringEveryMs = 20
const allLanes: readonly number[] = Array.from({ length: laneCount }, (_, lane) => lane)

/**
 * Publishes the events of one module to its stream in the broker, for subscribers of other services; in one process of
 * those that host the module. Goes through one publication after the other, each from where the stream ends.
 *
 * I1 Publishes under the lease only. One that lost it without knowing is refused by the broker, since the stream does not
 *    end where it expects; what got in before are events of the log all the same.
 * I2 The log is the truth: what the stream has beyond it, or of another log, is removed (L4). What the stream lost is
 *    published again, as far back as a subscriber needs it.
 * I3 Nothing waits for it: subscribers ask the source for what they miss, so a broker that is full or away delays only.
 */
export class Relay {
  readonly module: string
  /** For metrics. */
  readonly counters = { published: 0, refused: 0, refilled: 0 }
  readonly #parts: RelayParts
  readonly #bell = new Bell()
  #state: RelayHealth['state'] = 'waiting'
  #reason: string | undefined
  #publication: Publication | undefined
  #held = false
  #failures = 0
  #stopping = false
  #loop: Promise<void> | undefined
  #deaf: (() => void) | undefined
  #ring: (() => void) | undefined
  #ringAgain = false

  constructor(module: string, parts: RelayParts) {
    this.module = module
    this.#parts = parts
  }

  start(): void {
    this.#deaf ??= this.#parts.stream.rung(() => this.#parts.feed.nudge())
    this.#loop ??= this.#run()
  }

  /** Publishes what is known to wait, then gives the lease back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#deaf?.()
    this.#ring?.()
    this.#bell.ring()
    this.#publication?.finish()
    await this.#loop
    this.#state = 'stopped'
    if (!this.#held) return
    await this.#parts.keeper.release(leaseName).catch((error: unknown) => {
      // The session is gone, and the lease with it.
      this.#parts.host.logger.debug({ err: error, module: this.module }, 'the lease of a relay could not be given back')
    })
  }

  /** Something was committed here: whoever publishes in another process hears of it soon. */
  appended(): void {
    if (this.#stopping || this.#publication) return
    if (this.#ring) {
      this.#ringAgain = true
      return
    }
    this.#parts.stream.ring()
    this.#ring = this.#parts.host.upkeepAfter(ringEveryMs, () => {
      this.#ring = undefined
      if (!this.#ringAgain) return
      this.#ringAgain = false
      this.appended()
    })
  }

  health(): RelayHealth {
    const counts = { state: this.#state, behind: this.#publication?.behind ?? 0 }
    return this.#reason === undefined ? counts : { ...counts, reason: this.#reason }
  }

  async #run(): Promise<void> {
    const { limits, ambient } = this.#parts.host
    while (!this.#stopping) {
      try {
        if (await this.#lease()) await this.#publish()
        else
          await this.#rest(
            'elsewhere',
            undefined,
            spread(limits.acquireMs, () => ambient.random()),
          )
      } catch (error) {
        await this.#troubled(error)
      }
    }
  }

  async #lease(): Promise<boolean> {
    const leases = await this.#parts.keeper.acquire(leaseName, [0], (reason) => {
      this.#held = false
      this.#parts.host.logger.warn({ module: this.module, reason }, 'the lease of a relay was lost')
      this.#publication?.finish()
    })
    this.#held = leases.length > 0
    return this.#held
  }

  /** One publication: from where the stream ends until that is in doubt. */
  async #publish(): Promise<void> {
    const publication = new Publication(this.#parts, (events) => this.#published(events))
    this.#publication = publication
    try {
      await this.#align(publication)
      if (!this.#held) return
      // After trouble, only an event that was taken shows that it is over.
      if (this.#reason === undefined || publication.behind === 0) this.#runs()
      const end = await publication.run(() => this.#stopping)
      if (end.kind === 'refused') await this.#refused(end.refusal)
      else if (end.kind === 'changed')
        this.#parts.host.logger.warn({ module: this.module, what: end.what }, 'a stream of events is looked at again')
    } finally {
      this.#publication = undefined
      await publication.end()
    }
  }

  /** I2 */
  async #align(publication: Publication): Promise<void> {
    const { stream, feed, log, host, isRemote } = this.#parts
    const before = await stream.state()
    const ends = await stream.ends()
    // After the ends: whatever the stream has was in the log by now, if it is the same log.
    await feed.refresh()
    const registrations = await log.registrations()
    const { foreign, after } = align({
      ends,
      heads: { incarnation: feed.incarnation, positions: feed.heads },
      floors: await log.positionsBefore(0),
      registered: registrations.filter(({ subscriber }) => isRemote(subscriber)).map(({ positions }) => positions),
      refill: Math.ceil(host.limits.relayRefill / laneCount),
    })
    if (foreign !== undefined) {
      host.logger.error({ module: this.module, why: foreign }, 'a stream of events is emptied and filled again')
      await stream.purge()
    }
    const { identity, lastSequence } = await stream.state()
    // What came in while the ends were read is not known here: the first event is refused then, and all looked at again. Where
    // nothing did, the stream goes on behind its sequence, which tells of its newest message also when that was removed.
    const last = ends.reduce((most, end) => Math.max(most, end?.sequence ?? 0), 0)
    const again = allLanes.some((lane) => ends[lane] === undefined && after[lane] !== feed.heads[lane])
    if (foreign !== undefined || again) this.counters.refilled++
    const kept = foreign === undefined
    const cameIn = kept && last > 0 && before.lastSequence !== lastSequence
    publication.begin(feed.incarnation, after, identity, {
      sequence: cameIn ? last : lastSequence,
      lanes: ends.map((end) => (kept ? (end?.sequence ?? 0) : 0)),
    })
  }

  #published(events: readonly LogEvent[]): void {
    this.counters.published += events.length
    this.#failures = 0
    this.#runs()
  }

  #runs(): void {
    this.#state = 'running'
    this.#reason = undefined
  }

  async #refused(refusal: { readonly kind: 'overtaken' | 'full'; readonly reason: string }): Promise<void> {
    const { host, keeper } = this.#parts
    this.counters.refused++
    if (refusal.kind === 'overtaken') {
      // I1: another process may have the lease by now.
      keeper.check()
      host.logger.info({ module: this.module, reason: refusal.reason }, 'a publication was refused; looking again')
      await this.#rest('waiting', refusal.reason, this.#backoff())
      return
    }
    // I3: said once, shown as long as it lasts.
    if (this.#reason !== refusal.reason)
      host.logger.error({ module: this.module, reason: refusal.reason }, 'the broker takes no more events; they wait')
    await this.#rest('waiting', refusal.reason, this.#backoff())
  }

  async #troubled(error: unknown): Promise<void> {
    const { host } = this.#parts
    const reason = (error as Error)?.message ?? String(error)
    if (this.#reason !== reason && !isBanyanError(error, 'log-diverged'))
      host.logger.warn(
        { ...failureFields(error), module: this.module },
        'events cannot be published just now; trying again',
      )
    await this.#rest('waiting', reason, this.#backoff())
  }

  #backoff(): number {
    const { ambient, limits } = this.#parts.host
    return backoffMs(limits.infrastructureBackoff, ++this.#failures, () => ambient.random())
  }

  async #rest(state: RelayHealth['state'], reason: string | undefined, delayMs: number): Promise<void> {
    this.#state = state
    this.#reason = reason
    if (!this.#stopping) await this.#bell.wait(delayMs, this.#parts.host.upkeepAfter)
  }
}
