import { createAmbient } from '@banyan/ambient'
import { connectMesh } from '@banyan/broker-nats'
import { type AnyModule, defineApp } from '@banyan/module'
import { routeByModule, type Topology } from '@banyan/placement'
import { createLogger, createRuntime, type Runtime, type Store } from '@banyan/runtime'
import { benchFolder } from './database.js'

export interface ServiceOptions {
  readonly topology: Topology
  /** Of the topology: this process runs its modules. */
  readonly service: string
  /** All of the app, as every process has them. */
  readonly modules: readonly AnyModule[]
  readonly natsUrl: string
  readonly store: (app: string) => Store
  readonly work: 'all' | 'calls'
  /** Whether calls to it may go past the broker, as those of `banyan up` do. Default true. */
  readonly lane?: boolean
}

/** One process of a topology, composed as `banyan serve` composes it, without credentials. */
export async function startService({
  topology,
  service,
  modules,
  natsUrl,
  store,
  work,
  lane = true,
}: ServiceOptions): Promise<Runtime> {
  const ambient = createAmbient()
  const logger = createLogger({ level: 'warn' })
  const app = defineApp({ name: topology.app, modules: [...modules] as never })
  const mesh = await connectMesh({
    app,
    topology,
    service,
    ambient,
    logger,
    servers: natsUrl,
    ...(lane ? { lane: { host: '127.0.0.1' } } : {}),
  })
  const hosts = topology.services.find(({ name }) => name === service)?.modules ?? []
  const runtime = createRuntime({
    app,
    store: store(topology.app),
    ambient,
    logger,
    environment: {},
    baseFolder: benchFolder,
    strict: false,
    work,
    hosts,
    elsewhere: mesh,
    placement: (here) => routeByModule(hosts, here, mesh.placement),
  })
  await runtime.start()
  await mesh.serve(runtime)
  return runtime
}
