import type { AnyContract } from '@banyan/contract'
import { type AnyModule, type App, modulesOf } from '@banyan/module'
import { type ServicePlan, serviceOf, type Topology } from '../topology.js'
import { versionParts } from '../version-line.js'
import type {
  AccessPlan,
  CallGrant,
  PublishGrant,
  ReadGrant,
  ReplyGrant,
  RouteGrant,
  ServeGrant,
  ServiceAccess,
  SourceAccess,
} from './grants.js'

type Asking = Omit<ServiceAccess, 'replies' | 'publishes'>

/**
 * What each service may do (P8). The service is the unit of trust, so it has what its modules need together:
 * - calls: the operations of the modules that they declare under `uses`, and their own; jobs are calls too;
 * - the gateway: every operation with `http`, and raw routes;
 * - reading a log: of the modules of other services that they have a handler for under `on`;
 * - replies: in the name of a hosted module, to the services that may ask that module.
 */
export function deriveAccess(app: App, topology: Topology): AccessPlan {
  const modules = new Map(modulesOf(app).map((module) => [module.name, module]))
  const asking = topology.services.map((service) => asksOf(service, modules, topology))
  const sources = sourcesOf(modules, topology, asking)
  const services = asking.map((own) => ({
    ...own,
    publishes: publishesOf(own.service, sources),
    replies: repliesOf(own, asking),
  }))
  return { app: topology.app, services, sources }
}

function asksOf(service: ServicePlan, modules: ReadonlyMap<string, AnyModule>, topology: Topology): Asking {
  const hosted = service.modules.flatMap((name) => modules.get(name) ?? [])
  const calls = collector<CallGrant>(({ module, line, operation }) => `${module} ${line} ${operation}`)
  const routes = collector<RouteGrant>(({ module, line }) => `${module} ${line}`)
  const reads = collector<ReadGrant>(({ source }) => source)
  for (const module of hosted) {
    callsTo(calls, module.contract, `${module.name} may call itself`)
    for (const used of Object.values(module.uses)) callsTo(calls, used, `${module.name} uses ${used.name}`)
    for (const [source, handlers] of Object.entries(module.on))
      if (Object.keys(handlers).length > 0 && !service.modules.includes(source))
        reads.add({ source, because: [`${module.name} listens to ${source}`] })
  }
  if (service.gateway) {
    for (const { contract, routes: raw } of modules.values()) {
      if (serviceOf(topology, contract.name) === undefined) continue
      const { line } = versionParts(contract.version)
      const { name } = contract
      for (const { name: operation, http } of operationsOf(contract))
        if (http !== undefined)
          calls.add({ module: name, line, operation, because: [`the gateway serves ${http.method} ${http.path}`] })
      for (const route of Object.keys(raw))
        routes.add({ module: name, line, because: [`the gateway serves the raw route ${route}`] })
    }
  }
  const serves: ServeGrant[] = hosted.map(({ name, contract: { version } }) => ({
    module: name,
    version,
    because: [`${service.name} hosts ${name}`],
  }))
  return { service: service.name, serves, calls: calls.all(), routes: routes.all(), reads: reads.all() }
}

function callsTo(calls: Collector<CallGrant>, contract: AnyContract, why: string): void {
  const { line } = versionParts(contract.version)
  for (const { name: operation } of operationsOf(contract))
    calls.add({ module: contract.name, line, operation, because: [why] })
}

const operationsOf = ({ commands, queries }: AnyContract) => [...Object.values(commands), ...Object.values(queries)]

function sourcesOf(
  modules: ReadonlyMap<string, AnyModule>,
  topology: Topology,
  asking: readonly Asking[],
): SourceAccess[] {
  return [...modules.values()].flatMap(({ name, contract }) => {
    const host = serviceOf(topology, name)
    if (host === undefined || Object.keys(contract.events).length === 0) return []
    const readers = asking.filter(({ reads }) => reads.some(({ source }) => source === name))
    // Whom only its own process hears is read from PostgreSQL: there is no stream to publish to.
    return readers.length === 0
      ? []
      : [{ module: name, host: host.name, readers: readers.map(({ service }) => service) }]
  })
}

function publishesOf(service: string, sources: readonly SourceAccess[]): PublishGrant[] {
  return sources
    .filter(({ host }) => host === service)
    .map(({ module, readers }) => ({
      module,
      because: [`${module} publishes events`, `${readers.join(', ')} read${readers.length === 1 ? 's' : ''} them`],
    }))
}

function repliesOf({ serves }: Asking, asking: readonly Asking[]): ReplyGrant[] {
  return serves.flatMap(({ module }) =>
    asking.flatMap((other) => {
      const because = [
        ...(other.calls.some((grant) => grant.module === module) ? [`${other.service} may call ${module}`] : []),
        ...(other.routes.some((grant) => grant.module === module)
          ? [`${other.service} hands requests to raw routes of ${module}`]
          : []),
        ...(other.reads.some(({ source }) => source === module) ? [`${other.service} reads the log of ${module}`] : []),
      ]
      return because.length === 0 ? [] : [{ to: other.service, module, because }]
    }),
  )
}

interface Collector<Entry> {
  add(entry: Entry): void
  all(): Entry[]
}

/** Gathers grants; the same one for several reasons is one grant with all of them. */
function collector<Entry extends { readonly because: readonly string[] }>(
  keyOf: (entry: Entry) => string,
): Collector<Entry> {
  const entries = new Map<string, Entry>()
  return {
    add(entry) {
      const key = keyOf(entry)
      const known = entries.get(key)
      const because = [...new Set([...(known?.because ?? []), ...entry.because])]
      entries.set(key, { ...entry, because })
    },
    all: () => [...entries.values()],
  }
}
