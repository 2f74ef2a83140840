import { connect } from 'node:tls'
import type { CallWire, Provider } from '@banyan/placement'
import { type Every, once } from '@banyan/placement'
import { LaneLink } from './link.js'
import { type LaneRecord, recordKind } from './records.js'
import type { LaneTicket } from './tickets.js'
import { laneTls } from './tls.js'

export interface LanesOptions {
  /** Carries what no lane does. */
  readonly broker: CallWire
  /** Asks a process for a ticket, through the broker. Rejects when there is none to be had. */
  readonly askTicket: (to: Provider) => Promise<LaneTicket>
  /** Takes replies of a process of the service; what it says of the module is to be checked. */
  readonly replied: (service: string, module: string, message: Uint8Array) => void
  /** A lane broke: what was sent through it may have been taken, and no answer will come. */
  readonly broken: (instance: string) => void
  /** No lane could be had, or it broke: told the first time, and again after one stood in between. */
  readonly failed: (to: Provider, cause: unknown) => void
}

const shortestPauseMs = 5_000
const longestPauseMs = 60_000

/**
 * Sends calls straight to the processes that take lanes, and through the broker to all others.
 *
 * I1 The broker carries every call until a lane stands, and again when it is gone: no call waits for one.
 * I2 After `closing` nothing is sent through a lane, and the process at its other end is told so.
 */
export class Lanes implements CallWire {
  readonly token: string
  readonly #options: LanesOptions
  readonly #lanes = new Map<string, Lane>()

  constructor(options: LanesOptions) {
    this.#options = options
    this.token = options.broker.token
  }

  get connected(): boolean {
    return this.#options.broker.connected
  }

  get messageBytes(): number {
    return this.#options.broker.messageBytes
  }

  /** Lanes that stand. */
  get open(): number {
    let count = 0
    for (const { isOpen } of this.#lanes.values()) if (isOpen) count++
    return count
  }

  sendCalls(to: Provider, operation: string, first: number, count: number, message: Uint8Array): void {
    if (to.lane && this.#lane(to).sendCalls(to.module, operation, message)) return
    this.#options.broker.sendCalls(to, operation, first, count, message)
  }

  sendCancel(module: string, message: Uint8Array): void {
    this.#options.broker.sendCancel(module, message)
  }

  /** A process is gone: nothing is kept of its lane. */
  forget(instance: string): void {
    const lane = this.#lanes.get(instance)
    this.#lanes.delete(instance)
    lane?.close()
  }

  close(): void {
    for (const instance of [...this.#lanes.keys()]) this.forget(instance)
  }

  #lane(to: Provider): Lane {
    let lane = this.#lanes.get(to.instance)
    if (!lane) {
      lane = new Lane(this.#options, to, this.token)
      this.#lanes.set(to.instance, lane)
    }
    return lane
  }
}

/** The way to one process: opened when it is first needed, and again, with pauses, when it broke. */
class Lane {
  readonly #options: LanesOptions
  readonly #to: Provider
  readonly #token: string
  #link: LaneLink | undefined
  #opening = false
  #pause: Every | undefined
  #pauseMs = shortestPauseMs
  #closed = false
  /** That it failed was told, and it has not stood since. */
  #told = false

  constructor(options: LanesOptions, to: Provider, token: string) {
    this.#options = options
    this.#to = to
    this.#token = token
  }

  get isOpen(): boolean {
    return this.#link !== undefined
  }

  sendCalls(module: string, operation: string, message: Uint8Array): boolean {
    if (this.#link) return this.#link.send(recordKind.calls, [module, operation], message)
    if (!this.#opening && !this.#pause && !this.#closed) void this.#open()
    return false
  }

  close(): void {
    this.#closed = true
    this.#pause?.end()
    this.#link?.end()
    this.#link = undefined
  }

  async #open(): Promise<void> {
    this.#opening = true
    try {
      const ticket = await this.#options.askTicket(this.#to)
      if (!this.#closed) this.#connect(ticket)
    } catch (error) {
      // The broker goes on carrying.
      this.#later(error)
    }
  }

  #connect({ identity, key }: LaneTicket): void {
    const { host, port } = this.#to.lane as { host: string; port: number }
    const socket = connect({
      host,
      port,
      ...laneTls,
      pskCallback: () => ({ psk: Buffer.from(key, 'base64url'), identity }),
      // There is no certificate: knowing the key is the proof.
      checkServerIdentity: () => undefined,
    })
    const link = new LaneLink(
      socket,
      (record) => this.#take(link, record),
      (cause) => this.#ended(link, cause),
    )
    socket.once('secureConnect', () => {
      this.#opening = false
      if (this.#closed) return link.end()
      this.#pauseMs = shortestPauseMs
      this.#told = false
      link.send(recordKind.hello, [this.#token])
      this.#link = link
    })
  }

  #take(link: LaneLink, { kind, names, message }: LaneRecord): void {
    if (kind === recordKind.replies) {
      this.#options.replied(this.#to.service, names[0] ?? '', message)
      return
    }
    if (kind !== recordKind.closing) {
      link.destroy()
      return
    }
    // I2
    if (this.#link === link) this.#link = undefined
    this.#closed = true
    link.send(recordKind.closed, [])
  }

  #ended(link: LaneLink, cause: Error | undefined): void {
    const broke = this.#link === link
    if (broke) this.#link = undefined
    if (broke) this.#options.broken(this.#to.instance)
    this.#later(cause ?? new Error('the other end closed it'))
  }

  #later(cause: unknown): void {
    this.#opening = false
    if (this.#closed) return
    if (!this.#told) this.#options.failed(this.#to, cause)
    this.#told = true
    this.#pause?.end()
    this.#pause = once(this.#pauseMs, () => {
      this.#pause = undefined
    })
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2)
  }
}
