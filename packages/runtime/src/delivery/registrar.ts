import type { ModuleStore } from '../ports/store.js'
import { spread } from './backoff.js'
import { Bell } from './bell.js'
import type { DeliveryHost } from './options.js'
import type { Subscription } from './subscription.js'

/**
 * Upkeep that every few seconds looks at what moved: tells sources how far subscriptions are, so that pruning waits for
 * them, and counts the dead letters of each module for its health.
 */
export class Registrar {
  readonly #host: DeliveryHost
  readonly #subscriptions: readonly Subscription[]
  readonly #stores: ReadonlyMap<string, ModuleStore>
  readonly #deadLetters = new Map<string, number>()
  readonly #told = new Map<Subscription, number>()
  readonly #bell = new Bell()
  #stopping = false
  #loop: Promise<void> | undefined

  constructor(host: DeliveryHost, subscriptions: readonly Subscription[], stores: ReadonlyMap<string, ModuleStore>) {
    this.#host = host
    this.#subscriptions = subscriptions
    this.#stores = stores
  }

  /** Dead letters of the module, as last counted. */
  deadLetters(module: string): number {
    return this.#deadLetters.get(module) ?? 0
  }

  /** Looks soon. */
  wake(): void {
    this.#bell.ring()
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#loop
    await this.#register()
  }

  async #run(): Promise<void> {
    const { limits, ambient, upkeepAfter } = this.#host
    await this.#count()
    while (!this.#stopping) {
      await this.#bell.wait(
        spread(limits.registerMs, () => ambient.random()),
        upkeepAfter,
      )
      if (this.#stopping) return
      await this.#register()
      await this.#count()
    }
  }

  async #register(): Promise<void> {
    for (const subscription of this.#subscriptions) {
      const { batches, skipped } = subscription.setting.counters
      const moved = batches + skipped
      if (!subscription.speaks || this.#told.get(subscription) === moved) continue
      try {
        await subscription.register()
        this.#told.set(subscription, moved)
      } catch (error) {
        // Pruning waits a little longer; nothing else depends on it.
        this.#host.logger.debug({ err: error, subscription: subscription.setting.what }, 'a position could not be told')
      }
    }
  }

  async #count(): Promise<void> {
    for (const [module, store] of this.#stores) {
      try {
        this.#deadLetters.set(module, await store.deadLetters.count())
      } catch (error) {
        this.#host.logger.debug({ err: error, module }, 'dead letters could not be counted')
      }
    }
  }
}
