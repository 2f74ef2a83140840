import type { Lease, LeaseHolder, LeaseStore } from '../ports/store.js'
import { spread } from './backoff.js'
import { type After, Bell } from './bell.js'
import type { DeliveryHost } from './options.js'

interface Held {
  readonly leases: readonly Lease[]
  readonly lost: (reason: string) => void
}

/**
 * The leases of one module in this process: asked for by name, renewed together by one statement.
 *
 * I1 Who works under a lease hears at once when it is gone; the epoch fences whatever it does until then.
 * I2 Goes by real time: a driven clock neither keeps nor loses a lease.
 */
export class LeaseKeeper {
  readonly #module: string
  readonly #leases: LeaseStore
  readonly #host: DeliveryHost
  readonly #after: After
  readonly #held = new Map<string, Held>()
  readonly #bell = new Bell()
  #loop: Promise<void> | undefined
  #stopping = false

  constructor(module: string, leases: LeaseStore, host: DeliveryHost) {
    this.#module = module
    this.#leases = leases
    this.#host = host
    this.#after = host.upkeepAfter
  }

  start(): void {
    this.#loop ??= this.#renewals()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#loop
  }

  /** Asks for the blocks; gives those of the name that this process holds now. */
  async acquire(name: string, blocks: readonly number[], lost: (reason: string) => void): Promise<readonly Lease[]> {
    const answered = await this.#leases.acquire(name, blocks, this.#host.limits.staleMs)
    const leases = answered.filter((lease) => lease.name === name && blocks.includes(lease.block))
    if (leases.length > 0) this.#held.set(name, { leases, lost })
    return leases
  }

  /** Which blocks of the names anybody holds that lives and renews. */
  holders(names: readonly string[]): Promise<readonly LeaseHolder[]> {
    return this.#leases.holders(names, this.#host.limits.staleMs)
  }

  /** Gives leases of the name back, all or those of the blocks, so that another process takes over at once. */
  async release(name: string, blocks?: readonly number[]): Promise<void> {
    const held = this.#held.get(name)
    const kept = blocks && held ? held.leases.filter(({ block }) => !blocks.includes(block)) : []
    if (held && kept.length > 0) this.#held.set(name, { ...held, leases: kept })
    else this.#held.delete(name)
    await this.#leases.release(name, blocks)
  }

  /** Renews at once: somebody was fenced, so leases may be gone. */
  check(): void {
    this.#bell.ring()
  }

  async #renewals(): Promise<void> {
    const random = (): number => this.#host.ambient.random()
    while (!this.#stopping) {
      await this.#bell.wait(spread(this.#host.limits.renewMs, random), this.#after)
      if (this.#stopping) return
      if (this.#held.size === 0) continue
      try {
        const asked = [...this.#held]
        const kept = new Set((await this.#renewed()).map(leaseId))
        for (const [name, held] of asked)
          if (held.leases.some((lease) => !kept.has(leaseId(lease))))
            this.#lose(name, held, 'another process took over')
      } catch (error) {
        this.#host.logger.warn(
          { err: error, module: this.#module },
          'leases could not be renewed; asking for them again',
        )
        for (const [name, held] of [...this.#held]) this.#lose(name, held, 'the session that holds the leases is gone')
      }
    }
  }

  /** The renewal, or a rejection when it takes so long that others may have taken over. */
  async #renewed(): Promise<readonly Lease[]> {
    let cancel = (): void => undefined
    const late = new Promise<never>((_, reject) => {
      cancel = this.#after(this.#host.limits.staleMs / 2, () =>
        reject(new Error('the renewal of leases got no answer')),
      )
    })
    try {
      return await Promise.race([this.#leases.renew(), late])
    } finally {
      cancel()
    }
  }

  #lose(name: string, held: Held, reason: string): void {
    // Taken anew while the renewal was under way: that one is not lost.
    if (this.#held.get(name) !== held) return
    this.#held.delete(name)
    held.lost(reason)
  }
}

function leaseId(lease: Lease): string {
  return `${lease.name}#${lease.block}#${lease.epoch}`
}
