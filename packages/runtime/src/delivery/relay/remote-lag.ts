import type { LogRegistration, LogStore } from '../../ports/store.js'
import { spread } from '../backoff.js'
import { Bell } from '../bell.js'
import type { DeliveryHost } from '../options.js'
import { shedMs } from '../shedding.js'

interface Seen {
  at: number
  /** When its registration was seen to change, on the monotonic clock. */
  movedAt: number
  handled: number
  lag: number
  msPerEvent: number
}

const aliveRounds = 3

/**
 * How far the subscribers of other services are behind a module here, from what they tell its log of themselves. As with
 * subscribers here, one that goes on but is too far behind slows its publisher down (P9); one that stopped does not (P5).
 */
export class RemoteLag {
  readonly #log: LogStore
  readonly #host: DeliveryHost
  readonly #isRemote: (subscriber: string) => boolean
  readonly #seen = new Map<string, Seen>()
  readonly #bell = new Bell()
  #stopping = false
  #loop: Promise<void> | undefined

  constructor(parts: {
    readonly log: LogStore
    readonly host: DeliveryHost
    readonly isRemote: (subscriber: string) => boolean
  }) {
    this.#log = parts.log
    this.#host = parts.host
    this.#isRemote = parts.isRemote
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#loop
  }

  /** How long a publisher should wait; O(subscribers), from memory. */
  pressureMs(): number | undefined {
    const { limits, ambient } = this.#host
    let longest: number | undefined
    for (const { lag, movedAt, msPerEvent } of this.#seen.values()) {
      const waitMs = shedMs(lag, limits.maxLag, msPerEvent)
      if (waitMs === undefined || ambient.monotonic() - movedAt > aliveRounds * limits.registerMs) continue
      longest = Math.max(longest ?? 0, waitMs)
    }
    return longest
  }

  async #run(): Promise<void> {
    const { limits, ambient, upkeepAfter, logger } = this.#host
    while (!this.#stopping) {
      try {
        await this.#look()
      } catch (error) {
        // What was seen last counts for a while; the store's trouble is told by those who need it.
        logger.debug({ err: error }, 'registrations could not be read')
      }
      await this.#bell.wait(
        spread(limits.registerMs, () => ambient.random()),
        upkeepAfter,
      )
    }
  }

  async #look(): Promise<void> {
    const registrations = (await this.#log.registrations()).filter(({ subscriber }) => this.#isRemote(subscriber))
    const { positions } = await this.#log.heads()
    const names = new Set(registrations.map(nameOf))
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name)
    for (const registration of registrations) this.#note(registration, positions)
  }

  #note(registration: LogRegistration, heads: readonly number[]): void {
    const name = nameOf(registration)
    const now = this.#host.ambient.monotonic()
    const handled = registration.positions.reduce((sum, position) => sum + position, 0)
    const lag = registration.positions.reduce(
      (sum, position, lane) => sum + Math.max(0, (heads[lane] as number) - position),
      0,
    )
    const seen = this.#seen.get(name)
    if (!seen) {
      // Whether it goes on shows at the next look.
      this.#seen.set(name, { at: registration.at, movedAt: Number.NEGATIVE_INFINITY, handled, lag, msPerEvent: 0.1 })
      return
    }
    seen.lag = lag
    if (registration.at === seen.at || handled <= seen.handled) return
    if (Number.isFinite(seen.movedAt)) seen.msPerEvent = (now - seen.movedAt) / (handled - seen.handled)
    seen.at = registration.at
    seen.handled = handled
    seen.movedAt = now
  }
}

function nameOf({ subscriber, subscription }: LogRegistration): string {
  return `${subscriber}/${subscription}`
}
