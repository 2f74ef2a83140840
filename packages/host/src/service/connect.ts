import { type BrokerEvents, connectMesh, connectNats, createBrokerEvents, publishedModules } from '@banyan/broker-nats'
import type { LaneOptions } from '@banyan/broker-nats/types'
import { modulesOf } from '@banyan/module'
import { type Mesh, routeByModule, type ServicePlan, type Topology } from '@banyan/placement'
import { defaultOutliers, OutlierDetector } from '@banyan/resilience'
import type { LaneSharing, Logger, Placement } from '@banyan/runtime'
import type { ProcessContext } from '../composition.js'
import type { BrokerAccess } from './environment.js'

/** What a process needs to reach the others of its app. */
export interface ConnectOptions extends ProcessContext {
  readonly topology: Topology
  readonly plan: ServicePlan
  readonly broker: BrokerAccess
  /** Where this process takes calls that come past the broker. */
  readonly lane?: LaneOptions
}

/** A connected mesh, and what delivers calls over it and over the modules here. */
export interface Connected {
  readonly mesh: Mesh
  readonly placement: (here: Placement) => Placement
  readonly sharing: LaneSharing
}

/**
 * Connects a process with the broker, twice: for calls, and for events, which have accounts of their own (decision 0017).
 * @throws `broker-unreachable`
 */
export async function connectService(options: ConnectOptions): Promise<Connected> {
  const { loaded, topology, plan, broker, ambient, logger } = options
  const tls = broker.tls && tlsOf(broker.tls)
  const mesh = await connectMesh({
    app: loaded.app,
    topology,
    service: plan.name,
    ambient,
    logger,
    servers: broker.url,
    chooser: new OutlierDetector(defaultOutliers, { ambient, logger }),
    ...(options.lane === undefined ? {} : { lane: options.lane }),
    ...(broker.callsSeed === undefined ? {} : { calls: { seed: broker.callsSeed } }),
    ...(tls === undefined ? {} : { tls }),
  })
  const placement = (here: Placement): Placement => routeByModule(plan.modules, here, mesh.placement)
  const { directory } = mesh
  const sharing: LaneSharing = {
    share: (module) => {
      const { instances, index } = directory.replicasOf(module)
      return { index, count: instances.length }
    },
    onShareChange: (changed) => directory.onChange(changed),
  }
  // Who hosts nothing publishes nothing and listens to nothing.
  if (plan.modules.length === 0) return { mesh, placement, sharing }
  try {
    return { mesh: await joinEvents(options, mesh), placement, sharing }
  } catch (error) {
    await leave(mesh, logger)
    throw error
  }
}

/** Ends the connection of a process that cannot start: why it cannot is what its caller is told. */
export async function leave(mesh: Mesh, logger: Logger): Promise<void> {
  await mesh.close().catch((error: unknown) => logger.warn({ err: error }, 'the broker could not be left in order'))
}

async function joinEvents(options: ConnectOptions, mesh: Mesh): Promise<Mesh> {
  const { loaded, topology, plan, broker, ambient, logger } = options
  const inboxPrefix = `_INBOX.${plan.name}`
  const tls = broker.tls && tlsOf(broker.tls)
  const connection = await connectNats({
    servers: broker.url,
    name: `${topology.app} ${plan.name} events`,
    ambient,
    inboxPrefix,
    ...(broker.eventsSeed === undefined ? {} : { credentials: { seed: broker.eventsSeed } }),
    ...(tls === undefined ? {} : { tls }),
  })
  const accounts = broker.eventsSeed !== undefined
  const events = createBrokerEvents({ connection, logger, app: topology.app, accounts, inboxPrefix })
  const heard = new Map(modulesOf(loaded.app).map(({ name, on }) => [name, Object.keys(on)]))
  const published = new Set(publishedModules(topology, (module) => heard.get(module) ?? []))
  return withEvents(mesh, events, published, () => connection.close())
}

/** A mesh whose sources have their streams too. */
function withEvents(
  mesh: Mesh,
  events: BrokerEvents,
  published: ReadonlySet<string>,
  closeEvents: () => Promise<void>,
): Mesh {
  return {
    instance: mesh.instance,
    placement: mesh.placement,
    serve: (host) => mesh.serve(host),
    drain: (deadlineMs) => mesh.drain(deadlineMs),
    async close() {
      await Promise.all([mesh.close(), closeEvents()])
    },
    instances: () => mesh.instances(),
    metrics: () => mesh.metrics(),
    check: () => mesh.check(),
    route: (...parameters) => mesh.route(...parameters),
    stream: (module) => (published.has(module) ? events.stream(module) : undefined),
    source(module) {
      const log = mesh.source(module)
      return {
        heads: () => log.heads(),
        read: (after, limit) => log.read(after, limit),
        positionsBefore: (at) => log.positionsBefore(at),
        register: (...parameters) => log.register(...parameters),
        ...(published.has(module) ? { stream: events.source(module) } : {}),
      }
    },
  }
}

function tlsOf({ ca, certificate, key }: NonNullable<BrokerAccess['tls']>) {
  return { caFile: ca, ...(certificate ? { certFile: certificate } : {}), ...(key ? { keyFile: key } : {}) }
}
