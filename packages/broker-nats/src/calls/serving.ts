import type { Ambient } from '@banyan/ambient'
import {
  CallServer,
  type MeshHost,
  once,
  ReplyOutbox,
  RequestServer,
  type RequestSubject,
  type Topology,
} from '@banyan/placement'
import type { Logger } from '@banyan/runtime'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { LaneServer } from '../lane/lane-server.js'
import type { NatsWire } from './nats-wire.js'
import { type CallSubjects, readCallSubject, readLaneSubject, readLogSubject, readRouteSubject } from './subjects.js'

export interface ServingOptions {
  readonly connection: NatsConnection
  readonly wire: NatsWire
  readonly subjects: CallSubjects
  readonly instance: string
  readonly topology: Topology
  readonly logger: Logger
  readonly ambient: Ambient
  readonly host: MeshHost
  /** Absent: nothing comes past the broker. */
  readonly lanes?: LaneServer | undefined
}

const batchBytes = 65_536

/**
 * What this process takes from the others: calls, requests of its logs and routes.
 *
 * I1 After `drain` nothing new comes, and what the broker had handed over is answered.
 */
export class Serving {
  readonly #connection: NatsConnection
  readonly #replies: ReplyOutbox
  readonly #lanes: LaneServer | undefined
  readonly #calls: CallServer
  readonly #requests: RequestServer
  readonly #taking: Subscription[] = []
  readonly #cancels: Subscription[] = []

  constructor(options: ServingOptions) {
    const { connection, wire, instance, topology, logger, ambient, host, lanes } = options
    this.#lanes = lanes
    this.#connection = connection
    this.#replies = new ReplyOutbox({
      instance,
      batchBytes,
      send: (to, message) => {
        if (!lanes?.reply(to, message)) wire.sendReply(to, message)
      },
    })
    this.#calls = new CallServer({
      host,
      topology,
      logger,
      ambient,
      replies: this.#replies,
      backlog: () => wire.backlog,
    })
    this.#requests = new RequestServer({
      host,
      topology,
      logger,
      messageBytes: () => wire.messageBytes,
      send: (to, message) => wire.sendReply(to, message),
      garbled: (service) => this.#calls.garbledFrom(service),
      laneTicket: (service) => lanes?.ticket(service),
    })
    for (const { module, version } of host.health().modules) this.#take(options, module, version)
  }

  get underWay(): number {
    return this.#calls.underWay
  }

  get garbled(): number {
    return this.#calls.garbled
  }

  /** I1 */
  async drain(deadlineMs: number): Promise<void> {
    const work = (async () => {
      // Resolves when the broker has taken note and all that it had sent before was handed over.
      await Promise.all([...this.#taking.map((subscription) => subscription.drain()), this.#lanes?.drain(deadlineMs)])
      await Promise.all([this.#calls.idle(), this.#requests.idle()])
    })()
    await Promise.race([
      // A connection that breaks meanwhile leaves nothing to wait for.
      work.catch(() => undefined),
      new Promise<void>((done) => void once(deadlineMs, done)),
    ])
    this.#replies.flush()
    for (const subscription of this.#cancels) subscription.unsubscribe()
  }

  /** What lanes hand over, they hand to the same taker. */
  get calls(): CallServer {
    return this.#calls
  }

  #take({ subjects, instance }: ServingOptions, module: string, version: string): void {
    this.#subscribe(subjects.calls(module, version, instance), ({ subject, data }) =>
      this.#calls.take(readCallSubject(subject), data),
    )
    const request = (read: (subject: string) => RequestSubject): ((message: Msg) => void) => {
      return ({ subject, data }) => this.#requests.take(read(subject), data)
    }
    if (this.#lanes) this.#subscribe(subjects.lanes(module, instance), request(readLaneSubject))
    this.#subscribe(subjects.logs(module), request(readLogSubject), module)
    this.#subscribe(subjects.routes(module, version), request(readRouteSubject), module)
    this.#cancels.push(
      this.#connection.subscribe(subjects.cancels(module), {
        callback: (error, { data }) => {
          if (!error) this.#calls.cancel(data)
        },
      }),
    )
  }

  #subscribe(subject: string, take: (message: Msg) => void, queue?: string): void {
    this.#taking.push(
      this.#connection.subscribe(subject, {
        ...(queue === undefined ? {} : { queue }),
        callback: (error, message) => {
          if (!error) take(message)
        },
      }),
    )
  }
}
