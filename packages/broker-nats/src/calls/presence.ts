import { hostname } from 'node:os'
import {
  type Directory,
  type Every,
  every,
  type InstanceReport,
  type LeftOut,
  type MeshHost,
  readReport,
} from '@banyan/placement'
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import type { LaneAddress } from '../lane/lane-server.js'
import type { NatsWire } from './nats-wire.js'
import { type CallSubjects, speakerOf } from './subjects.js'

export interface PresenceOptions {
  readonly connection: NatsConnection
  readonly wire: NatsWire
  readonly subjects: CallSubjects
  readonly directory: Directory
  readonly instance: string
  readonly service: string
  readonly startedAt: number
  readonly periodMs: number
  /** Whom this process leaves out. */
  readonly leftOut: () => readonly LeftOut[]
}

const nothing = new Uint8Array(0)

/** Tells the others of this process, every second and at every change, and takes what they tell of themselves. */
export class Presence {
  readonly #options: PresenceOptions
  readonly #subscriptions: readonly Subscription[]
  readonly #beat: Every
  #host: MeshHost | undefined
  #lane: LaneAddress | undefined
  #state: InstanceReport['state'] = 'starting'
  #connections = 1

  constructor(options: PresenceOptions) {
    this.#options = options
    const { connection, subjects, directory } = options
    this.#subscriptions = [
      connection.subscribe(subjects.presences, {
        callback: (error, message) => {
          const report = error ? undefined : readReport(message.data)
          if (report) directory.heard(speakerOf(message.subject), report)
        },
      }),
      connection.subscribe(subjects.hellos, { callback: () => this.tell() }),
    ]
    this.#beat = every(options.periodMs, () => this.tell())
    this.hello()
  }

  get state(): InstanceReport['state'] {
    return this.#state
  }

  /** Asks who is there, and tells of this process. */
  hello(): void {
    this.#options.wire.publish(this.#options.subjects.hello, nothing)
    this.tell()
  }

  enter(state: InstanceReport['state'], host?: MeshHost, lane?: LaneAddress): void {
    this.#state = state
    this.#host ??= host
    this.#lane ??= lane
    this.tell()
  }

  /** The connection was made again. */
  reconnected(): void {
    this.#connections++
    this.hello()
  }

  tell(): void {
    const report = this.report()
    // Known at once here, whatever the broker does.
    this.#options.directory.heard(report.service, report)
    this.#options.wire.publish(this.#options.subjects.presence, Buffer.from(JSON.stringify(report)))
  }

  report(): InstanceReport {
    const { instance, service, startedAt } = this.#options
    const { modules = [], edges = [] } = this.#host?.health() ?? {}
    return {
      instance,
      service,
      host: hostname(),
      pid: process.pid,
      startedAt,
      connections: this.#connections,
      state: this.#state,
      ...(this.#lane === undefined ? {} : { lane: this.#lane }),
      modules: modules.map(({ module, version, running, queued, limit, subscriptions, deadLetters }) => ({
        module,
        version,
        running,
        queued,
        limit,
        lag: subscriptions.reduce((sum, { lag }) => sum + lag, 0),
        parked: subscriptions.reduce((sum, { parked }) => sum + parked, 0),
        deadLetters,
      })),
      edges,
      leftOut: this.#options.leftOut(),
    }
  }

  close(): void {
    this.#beat.end()
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }
}
