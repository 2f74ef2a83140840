import type { Ambient } from '@banyan/ambient'
import { type App, modulesOf } from '@banyan/module'
import { type Mesh, routeByModule, type Topology } from '@banyan/placement'
import type { Elsewhere, Logger } from '@banyan/runtime'
import { endAfter, endAll } from '../ending.js'
import type { OtherProcesses, Ways } from '../process/test-process.js'
import { RepeatingPlacement } from './repeating-placement.js'

/** How the services of a test reach each other: plain data, so that other processes can be told. */
export interface Wire {
  /** Of the NATS server. */
  readonly url: string
  /** Its app has a name that no other test has: subjects and streams begin with it. */
  readonly topology: Topology
  /** Modules that others listen to: each has a stream. */
  readonly published: readonly string[]
}

/** The service that hosts nothing: it makes the calls from outside, and has the gateway. No module has such a name. */
export const frontName = '_front'

// Who waits for an answer of a dead process waits that long, in real time.
const presenceMs = 100
const lapseMs = 1_500

/** Each module is a service of its own. */
export function topologyOf(name: string, app: App): Topology {
  const services = modulesOf(app).map((module) => ({
    name: module.name,
    modules: [module.name],
    replicas: 1,
    gateway: false,
  }))
  return { app: name, services: [{ name: frontName, modules: [], replicas: 1, gateway: true }, ...services] }
}

/** @param differs told when two answers to one command differ; absent: calls are made once */
export function otherProcesses(wire: Wire, service: string, differs?: (what: string) => void): OtherProcesses {
  const hosts = wire.topology.services.find(({ name }) => name === service)?.modules ?? []
  return {
    hosts,
    connect: (app, ambient, logger) => connect(wire, service, { app, ambient, logger }),
    placement(here, mesh) {
      const placement = routeByModule(hosts, here, mesh.placement)
      return differs ? new RepeatingPlacement(placement, differs) : placement
    },
  }
}

interface Connecting {
  readonly app: App
  readonly ambient: Ambient
  readonly logger: Logger
}

async function connect(wire: Wire, service: string, { app, ambient, logger }: Connecting): Promise<Ways> {
  // Loaded when it is needed, so that tests in one process wait for no broker.
  const { connectMesh, connectNats, createBrokerEvents } = await import('@banyan/broker-nats')
  const { url, topology, published } = wire
  const name = `${topology.app} ${service} events`
  const connection = await connectNats({ servers: url, name, ambient })
  try {
    const events = createBrokerEvents({ connection, logger, app: topology.app, accounts: false })
    const mesh = await connectMesh({ app, topology, service, ambient, logger, servers: url, presenceMs, lapseMs })
    const elsewhere: Elsewhere = {
      source: (module) => withStream(mesh, module, events.source(module)),
      stream: (module) => (published.includes(module) ? events.stream(module) : undefined),
      route: (...parameters) => mesh.route(...parameters),
    }
    return {
      mesh,
      elsewhere,
      close: () => endAll([() => mesh.close(), () => connection.close()]),
    }
  } catch (error) {
    return await endAfter(error, () => connection.close())
  }
}

/** What the source itself answers, and what the broker has of it. */
function withStream(mesh: Mesh, module: string, stream: ReturnType<Elsewhere['source']>['stream']) {
  const log = mesh.source(module)
  return {
    heads: () => log.heads(),
    read: (...parameters: Parameters<typeof log.read>) => log.read(...parameters),
    positionsBefore: (at: number) => log.positionsBefore(at),
    register: (...parameters: Parameters<typeof log.register>) => log.register(...parameters),
    ...(stream ? { stream } : {}),
  }
}
