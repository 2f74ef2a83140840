import { type Ambient, createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { type App, modulesOf } from '@banyan/module'
import {
  askRoute,
  type CallCheck,
  type CallLimits,
  Directory,
  frameKind,
  type InstanceReport,
  kindOf,
  type Mesh,
  type MeshHost,
  once,
  type Provider,
  RemotePlacement,
  RemoteSource,
  type ReplicaChooser,
  Requests,
  readReplies,
  readResponse,
  serviceOf,
  type Topology,
} from '@banyan/placement'
import { defaultTimeoutMs, type Elsewhere, type Logger, type Metric, type SourceLog, timeoutOf } from '@banyan/runtime'
import { type Msg, type NatsConnection, PermissionViolationError, type Status } from '@nats-io/transport-node'
import { type LaneOptions, LaneServer } from '../lane/lane-server.js'
import { Lanes } from '../lane/lanes.js'
import type { LaneTicket } from '../lane/tickets.js'
import { meshMetrics } from './metrics.js'
import { NatsWire } from './nats-wire.js'
import { Presence } from './presence.js'
import { Serving } from './serving.js'
import { CallSubjects, readRefusedCall, readReplySubject } from './subjects.js'

/** One whose figures belong to those of the mesh. */
export type MeasuredChooser = ReplicaChooser & { metrics?(): readonly Metric[] }

export interface NatsMeshOptions {
  readonly connection: NatsConnection
  readonly app: App
  readonly topology: Topology
  /** The service that this process is one of. */
  readonly service: string
  readonly ambient: Ambient
  readonly logger: Logger
  readonly limits?: Partial<CallLimits>
  readonly chooser?: MeasuredChooser
  readonly presenceMs: number
  /** What contracts and topology let a service call. */
  readonly mayCall: CallCheck
  readonly lapseMs: number
  readonly lane?: LaneOptions
}

const presenceWaitMs = 1_000
const checkMs = 5_000
const ticketMs = 5_000

/** One process among those of its app, over one connection in the account of calls. */
export class NatsMesh implements Mesh {
  readonly instance: string
  readonly directory: Directory
  readonly placement: RemotePlacement
  readonly #options: NatsMeshOptions
  readonly #connection: NatsConnection
  readonly #subjects: CallSubjects
  readonly #wire: NatsWire
  readonly #lanes: Lanes
  readonly #laneServer: LaneServer | undefined
  readonly #requests: Requests
  readonly #presence: Presence
  readonly #timeouts: ReadonlyMap<string, number>
  #serving: Serving | undefined
  #closed = false

  constructor(options: NatsMeshOptions) {
    this.#options = options
    const { connection, app, topology, service, ambient, limits, chooser } = options
    this.#connection = connection
    // Not from the ambient of the app: processes that share a seed would have the same, and a token must not be guessed.
    const own = createAmbient()
    this.instance = own.newId()
    const token = own.newId()
    this.#subjects = new CallSubjects(topology.app, service, token)
    this.#wire = new NatsWire(connection, this.#subjects, token)
    this.#lanes = new Lanes({
      broker: this.#wire,
      askTicket: (to) => this.#askTicket(to),
      replied: (service, module, message) => this.#repliedByLane(service, module, message),
      broken: (instance) => {
        this.directory.suspect(instance)
        this.placement.gone(instance)
      },
      failed: ({ service, instance }, cause) =>
        options.logger.warn({ err: cause, service, instance }, 'no lane to a process: the broker carries its calls'),
    })
    this.#laneServer = options.lane && new LaneServer(options.lane, options.mayCall, options.logger)
    this.directory = new Directory({
      topology,
      instance: this.instance,
      lapseMs: options.lapseMs,
      gone: (instance) => {
        this.#lanes.forget(instance)
        this.placement.gone(instance)
      },
    })
    this.placement = new RemotePlacement({
      app,
      wire: this.#lanes,
      directory: this.directory,
      ambient,
      ...(limits === undefined ? {} : { limits }),
      ...(chooser === undefined ? {} : { chooser }),
    })
    this.#requests = new Requests(this.#wire)
    this.#timeouts = new Map(modulesOf(app).map((module) => [module.name, timeoutOf(module)]))
    connection.subscribe(this.#subjects.replies, { callback: (error, message) => this.#heard(error, message) })
    this.#presence = new Presence({
      connection,
      wire: this.#wire,
      subjects: this.#subjects,
      directory: this.directory,
      instance: this.instance,
      service,
      startedAt: ambient.now(),
      periodMs: options.presenceMs,
      leftOut: () => chooser?.leftOut?.() ?? [],
    })
    void this.#watch()
  }

  async serve(host: MeshHost): Promise<void> {
    const { topology, logger, ambient } = this.#options
    this.#serving = new Serving({
      connection: this.#connection,
      wire: this.#wire,
      subjects: this.#subjects,
      instance: this.instance,
      topology,
      logger,
      ambient,
      host,
      lanes: this.#laneServer,
    })
    const lane = await this.#laneServer?.listen(this.#serving.calls)
    // Told only when the broker hands calls over.
    await this.check()
    this.#presence.enter('running', host, lane)
  }

  async drain(deadlineMs: number): Promise<void> {
    // Told first: whoever hears it calls another process, and whoever does not is told that nobody listens here.
    this.#presence.enter('stopping')
    await this.#serving?.drain(deadlineMs)
    // Whether the broker has the last replies; when it cannot say, nothing more can be done for them.
    if (this.#wire.connected) await this.check().catch(() => undefined)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#presence.enter('stopped')
    this.#presence.close()
    this.directory.close()
    this.placement.close()
    this.#lanes.close()
    this.#laneServer?.close()
    this.#requests.lost()
    if (this.#wire.connected) await this.check().catch(() => undefined) // it is closed either way
    this.#wire.connected = false
    await this.#connection.close()
  }

  source(module: string): SourceLog {
    return new RemoteSource(module, this.#requests)
  }

  async route(
    module: string,
    route: string,
    request: Request,
    options: Parameters<Elsewhere['route']>[3] = {},
  ): Promise<Response> {
    const { ambient } = this.#options
    const wanted = this.placement.versionFor(module)
    if (wanted === undefined) throw banyanError('unknown-module', { module })
    const provider = await this.directory.whenProvided(module, wanted, presenceWaitMs)
    if (!provider) throw banyanError('unavailable', { what: `module ${module}` })
    const timeoutMs = this.#timeouts.get(module) ?? defaultTimeoutMs
    return askRoute(this.#requests, ambient, { module, version: provider.version, route, timeoutMs }, request, options)
  }

  instances(): readonly InstanceReport[] {
    return this.directory.instances()
  }

  metrics(): readonly Metric[] {
    const ofWire = meshMetrics({
      callsOut: this.placement.underWay,
      callsIn: this.#serving?.underWay ?? 0,
      requestsOut: this.#requests.underWay,
      garbled: this.#serving?.garbled ?? 0,
      sentBytes: this.#wire.sentBytes,
      connected: this.#wire.connected,
      instances: this.directory.instances().length,
      lanes: this.#lanes.open,
    })
    return [...ofWire, ...(this.#options.chooser?.metrics?.() ?? [])]
  }

  async check(): Promise<void> {
    const unavailable = (cause?: unknown): Error => banyanError('unavailable', { what: 'the NATS server' }, { cause })
    if (!this.#wire.connected) throw unavailable()
    await new Promise<void>((resolve, reject) => {
      const timer = once(checkMs, () => reject(unavailable()))
      const flushed = this.#connection.flush()
      flushed.then(resolve, (error: unknown) => reject(unavailable(error))).finally(() => timer.end())
    })
  }

  #heard(error: Error | null, message: Msg): void {
    if (error) return
    const { module, what } = readReplySubject(message.subject)
    const { data } = message
    if (data.length === 0) {
      if (message.headers?.code === 503) this.#nobody(module, what)
      return
    }
    if (kindOf(data) === frameKind.replies) {
      const frame = readReplies(data)
      if (frame) this.placement.replied(module, frame)
      else this.#options.logger.warn({ module }, 'a reply that cannot be read')
      return
    }
    const response = readResponse(data)
    if (response) this.#requests.responded(module, response)
    else this.#options.logger.warn({ module }, 'a response that cannot be read')
  }

  /** A process speaks for the modules of its service only, as it would through the broker (P8). */
  #repliedByLane(service: string, module: string, message: Uint8Array): void {
    const frame = readReplies(message)
    if (frame && serviceOf(this.#options.topology, module)?.name === service) this.placement.replied(module, frame)
    else this.#options.logger.warn({ module, service }, 'a reply that cannot be read, or of another module')
  }

  async #askTicket({ module, instance }: Provider): Promise<LaneTicket> {
    const { head } = await this.#requests.ask({
      to: { kind: 'lane', module, instance },
      what: `a lane to ${module}`,
      head: {},
      remainingMs: ticketMs,
      changes: false,
      after: (delayMs, task) => {
        const timer = once(delayMs, task)
        return () => timer.end()
      },
    })
    const { identity, key } = head as Partial<LaneTicket>
    if (typeof identity !== 'string' || typeof key !== 'string') throw banyanError('unavailable', { what: 'a lane' })
    return { identity, key }
  }

  /** What the broker gave back is named by the last token of the reply subject. */
  #nobody(module: string, what: string): void {
    const [first, count] = what.split('-')
    if (count === undefined) this.#requests.nobody(module, Number(what.slice(1)))
    else this.placement.nobody(module, Number(first), Number(count))
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#changed(status)
  }

  #changed(status: Status): void {
    const { logger, service } = this.#options
    if (status.type === 'disconnect') this.#setConnected(false)
    else if (status.type === 'reconnect') this.#setConnected(true)
    else if (status.type === 'error') {
      const { error } = status
      logger.error({ err: error, service }, 'the NATS server refused something')
      if (!(error instanceof PermissionViolationError)) return
      const refused = readRefusedCall(error.subject)
      if (refused) this.placement.forbidden(refused.module, refused.operation, refused.instance)
    }
  }

  #setConnected(connected: boolean): void {
    if (this.#closed) return
    const { logger, service } = this.#options
    this.#wire.connected = connected
    this.directory.hearing = connected
    if (connected) {
      logger.info({ service }, 'connected to the NATS server again')
      this.#presence.reconnected()
      return
    }
    logger.warn({ service }, 'the connection to the NATS server is lost; trying again')
    this.placement.lost()
    this.#requests.lost()
  }
}
