import type { ModuleStore } from '../ports/store.js'
import { spread } from './backoff.js'
import { Bell } from './bell.js'
import { RetentionCounters } from './counters.js'
import type { LeaseKeeper } from './lease-keeper.js'
import type { DeliveryHost, RetentionPolicy } from './options.js'

const leaseName = 'retention'
const pauseMs = 50
const batchesPerRound = 200

const defaultInboxMs = 7 * 24 * 3_600_000

/**
 * Prunes what a module keeps behind it, by policy: recorded outcomes, and events that every registered subscription has
 * passed. In small batches with pauses, so that traffic does not notice; in one process at a time.
 */
export class Retention {
  readonly module: string
  readonly counters = new RetentionCounters()
  readonly #store: ModuleStore
  readonly #keeper: LeaseKeeper
  readonly #host: DeliveryHost
  readonly #policy: RetentionPolicy
  readonly #bell = new Bell()
  #leased = false
  #stopping = false
  #loop: Promise<void> | undefined

  constructor(
    module: string,
    parts: { store: ModuleStore; keeper: LeaseKeeper; host: DeliveryHost; policy: RetentionPolicy },
  ) {
    this.module = module
    this.#store = parts.store
    this.#keeper = parts.keeper
    this.#host = parts.host
    this.#policy = parts.policy
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#loop
    if (!this.#leased) return
    await this.#keeper.release(leaseName).catch((error: unknown) => {
      // The session is gone, and the lease with it.
      this.#host.logger.debug({ err: error, module: this.module }, 'the lease of retention could not be given back')
    })
  }

  async #run(): Promise<void> {
    const { limits, logger, ambient, upkeepAfter } = this.#host
    while (!this.#stopping) {
      await this.#bell.wait(
        spread(limits.retentionMs, () => ambient.random()),
        upkeepAfter,
      )
      if (this.#stopping) return
      try {
        if (!this.#leased) this.#leased = await this.#lease()
        if (this.#leased) await this.#round()
      } catch (error) {
        logger.warn({ err: error, module: this.module }, 'retention failed; it tries again later')
      }
    }
  }

  async #lease(): Promise<boolean> {
    const leases = await this.#keeper.acquire(leaseName, [0], () => {
      this.#leased = false
    })
    return leases.length > 0
  }

  async #round(): Promise<void> {
    const { ambient, limits } = this.#host
    const { inboxMs = defaultInboxMs, logMs } = this.#policy
    const inboxBefore = ambient.now() - inboxMs
    await this.#prune('inbox', () => this.#store.inbox.prune(inboxBefore, limits.pruneRows))
    if (logMs === undefined) return
    const logBefore = ambient.now() - logMs
    await this.#prune('log', () => this.#store.log.prune(logBefore, limits.pruneRows))
  }

  /** One batch after the other until nothing is left, or the round has done its share; the next goes on. */
  async #prune(what: 'inbox' | 'log', batch: () => Promise<number>): Promise<void> {
    const { limits, upkeepAfter } = this.#host
    for (let count = 0; count < batchesPerRound && this.#leased && !this.#stopping; count++) {
      const pruned = await batch()
      this.counters[what] += pruned
      if (pruned < limits.pruneRows) return
      await this.#bell.wait(pauseMs, upkeepAfter)
    }
  }
}
