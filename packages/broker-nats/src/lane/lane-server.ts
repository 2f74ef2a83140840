import { createServer, type Server, type TLSSocket } from 'node:tls'
import { banyanError } from '@banyan/errors'
import { type CallCheck, type CallServer, type CallSubject, once, type ReplyTo } from '@banyan/placement'
import type { Logger } from '@banyan/runtime'
import { LaneLink } from './link.js'
import { recordKind } from './records.js'
import { type LaneTicket, Tickets } from './tickets.js'
import { laneTls } from './tls.js'

/** Where a process listens for lanes, and how others reach it. */
export interface LaneOptions {
  /** Address to listen on, such as 127.0.0.1 or 0.0.0.0. */
  readonly host: string
  /** Default: a free one. */
  readonly port?: number
  /** What the others connect to, where it is not `host`. */
  readonly advertise?: string
}

/** As others reach it. */
export interface LaneAddress {
  readonly host: string
  readonly port: number
}

const handshakeMs = 5_000
const mostLanes = 1_024

/**
 * Takes calls that come past the broker, from processes to which the broker gave a ticket of this one.
 *
 * I1 A lane speaks for the service that its ticket was given to, and for no other (P8); what that may call is checked with
 *    every message, as the broker would.
 * I2 Replies to a process go through its lane while it stands, and through the broker otherwise: none is lost with a lane.
 * I3 `drain` resolves when every caller knows that this process takes nothing more, so nothing is on its way to it.
 */
export class LaneServer {
  readonly #server: Server
  readonly #options: LaneOptions
  readonly #mayCall: CallCheck
  readonly #logger: Logger
  readonly #tickets = new Tickets()
  /** Who proved to know which ticket. */
  readonly #services = new WeakMap<object, string>()
  readonly #links = new Set<LaneLink>()
  /** Those through which calls may come yet. */
  readonly #taking = new Set<LaneLink>()
  readonly #byCaller = new Map<string, LaneLink>()
  #calls: CallServer | undefined
  #drained: (() => void) | undefined

  constructor(options: LaneOptions, mayCall: CallCheck, logger: Logger) {
    this.#options = options
    this.#mayCall = mayCall
    this.#logger = logger
    this.#server = createServer({
      ...laneTls,
      handshakeTimeout: handshakeMs,
      pskCallback: (socket, identity) => {
        const ticket = this.#tickets.redeem(identity)
        if (!ticket) return null
        this.#services.set(socket, ticket.service)
        return ticket.key
      },
    })
    this.#server.maxConnections = mostLanes
    this.#server.on('tlsClientError', (error) => this.#logger.debug({ err: error }, 'a lane was refused'))
    this.#server.on('secureConnection', (socket) => this.#opened(socket))
  }

  /** @throws `unavailable` when the address cannot be listened on */
  async listen(calls: CallServer): Promise<LaneAddress> {
    this.#calls = calls
    const { host, port = 0, advertise = host } = this.#options
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void =>
        reject(banyanError('unavailable', { what: `the address ${host}:${port} for lanes` }, { cause: error }))
      this.#server.once('error', failed)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', failed)
        this.#server.on('error', (error) => this.#logger.warn({ err: error }, 'a lane could not be taken'))
        resolve()
      })
    })
    this.#server.unref()
    const address = this.#server.address()
    if (address === null || typeof address === 'string')
      throw banyanError('unavailable', { what: 'an address for lanes' })
    return { host: advertise, port: address.port }
  }

  /** Undefined when no lane can be had now. */
  ticket(service: string): LaneTicket | undefined {
    return this.#drained || this.#links.size >= mostLanes ? undefined : this.#tickets.issue(service)
  }

  /** I2. False: nothing was sent. */
  reply({ service, module, token }: ReplyTo, message: Uint8Array): boolean {
    return this.#byCaller.get(callerKey(service, token))?.send(recordKind.replies, [module], message) ?? false
  }

  /** I3 */
  async drain(deadlineMs: number): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#drained = resolve
    })
    this.#server.close()
    for (const link of this.#links) link.send(recordKind.closing, [])
    if (this.#taking.size > 0) await Promise.race([done, new Promise<void>((late) => void once(deadlineMs, late))])
  }

  close(): void {
    this.#server.close()
    for (const link of this.#links) link.end()
  }

  #opened(socket: TLSSocket): void {
    const service = this.#services.get(socket)
    if (service === undefined || this.#drained) return void socket.destroy()
    let key: string | undefined
    const link = new LaneLink(
      socket,
      ({ kind, names, message }) => {
        const [first = '', second = ''] = names
        if (kind === recordKind.calls) this.#take({ service, module: first, operation: second }, message)
        else if (kind === recordKind.hello && key === undefined) {
          key = callerKey(service, first)
          this.#byCaller.set(key, link)
        } else if (kind === recordKind.closed) this.#tookLast(link)
        else socket.destroy()
      },
      () => {
        if (key !== undefined && this.#byCaller.get(key) === link) this.#byCaller.delete(key)
        this.#links.delete(link)
        this.#tookLast(link)
      },
    )
    this.#links.add(link)
    this.#taking.add(link)
  }

  /** I1 */
  #take(subject: CallSubject, message: Uint8Array): void {
    if (this.#mayCall(subject)) this.#calls?.take(subject, message)
    else this.#calls?.refuse(subject, message)
  }

  /** Nothing more comes through it; replies may still go. */
  #tookLast(link: LaneLink): void {
    this.#taking.delete(link)
    if (this.#taking.size === 0) this.#drained?.()
  }
}

const callerKey = (service: string, token: string): string => `${service} ${token}`
