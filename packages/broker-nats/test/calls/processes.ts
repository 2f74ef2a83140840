import { createAmbient } from '@banyan/ambient'
import { type Directory, type Mesh, routeByModule } from '@banyan/placement'
import { createLogger, createRuntime, type ExternalCall, type Outcome, type Runtime } from '@banyan/runtime'
import { connectMesh, type MeshOptions } from '../../src/index.js'
import { MemoryStore } from './memory-store.js'
import { type bench, shopApp, topologyNamed } from './shop.js'

export interface Process {
  readonly mesh: Mesh & { readonly directory: Directory }
  readonly runtime: Runtime
  readonly store: MemoryStore
  call(operation: string, input: unknown, options?: Partial<ExternalCall>): Promise<Outcome>
  /** In order: drained, stopped, closed. */
  stop(): Promise<void>
}

export interface ProcessOptions extends Partial<Omit<MeshOptions, 'app'>> {
  readonly url: string
  /** Names the subjects, so that tests do not hear each other. */
  readonly app: string
  readonly service: 'stocks' | 'sales' | 'front'
  readonly on: ReturnType<typeof bench>
  readonly version?: string
  readonly store?: MemoryStore
}

export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { url, service, on, version, store = new MemoryStore() } = options
  const app = shopApp(on, version)
  const topology = topologyNamed(options.app)
  const ambient = options.ambient ?? createAmbient()
  const logger = createLogger({ level: 'silent' })
  const { on: _, url: __, version: ___, store: ____, ...rest } = options
  const mesh = await connectMesh({ ...rest, app, topology, service, ambient, logger, servers: url })
  const hosts = topology.services.find(({ name }) => name === service)?.modules ?? []
  const runtime = createRuntime({
    app,
    store,
    ambient,
    logger,
    environment: {},
    baseFolder: '.',
    work: 'calls',
    hosts,
    elsewhere: mesh,
    placement: (here) => routeByModule(hosts, here, mesh.placement),
  })
  await runtime.start()
  await mesh.serve(runtime)
  return {
    mesh,
    runtime,
    store,
    call: (name, input, given) => {
      const [module, operation] = name.split('.') as [string, string]
      return runtime.execute({ module, operation, input, ...given })
    },
    stop: async () => {
      await mesh.drain(5_000)
      await runtime.stop(1_000)
      await mesh.close()
    },
  }
}
