import { randomBytes } from 'node:crypto'
import { type Every, once } from '@banyan/placement'

/** What opens one lane, once: told to a service through the broker, which knows whom it tells. */
export interface LaneTicket {
  readonly identity: string
  readonly key: string
}

interface Issued {
  readonly service: string
  readonly key: Buffer
  readonly lapse: Every
}

const ticketMs = 10_000
const mostTickets = 1_024

/**
 * Tickets that were given out and not used. They are secrets, so they come from the system and not from the ambient, which a
 * seed can repeat.
 */
export class Tickets {
  readonly #issued = new Map<string, Issued>()

  /** Undefined when too many are out. */
  issue(service: string): LaneTicket | undefined {
    if (this.#issued.size >= mostTickets) return undefined
    const identity = randomBytes(16).toString('base64url')
    const key = randomBytes(32)
    this.#issued.set(identity, { service, key, lapse: once(ticketMs, () => this.#issued.delete(identity)) })
    return { identity, key: key.toString('base64url') }
  }

  /** A ticket opens one lane. */
  redeem(identity: string): { readonly service: string; readonly key: Buffer } | undefined {
    const issued = this.#issued.get(identity)
    if (!issued) return undefined
    this.#issued.delete(identity)
    issued.lapse.end()
    return issued
  }
}
