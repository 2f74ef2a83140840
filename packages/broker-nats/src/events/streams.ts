import type { Topology } from '@banyan/placement'
import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { streamName } from './event-subjects.js'

export interface StreamPlan {
  readonly module: string
  /** Bytes that the stream keeps at most; older events are dropped, and asked of the source. Default 256 MiB. */
  readonly maxBytes?: number
  /** Age up to which it keeps them. Default 7 days. */
  readonly maxAgeMs?: number
  /** Servers of a cluster that keep it. Default 1. */
  readonly replicas?: number
  /** For tests. Default `file`. */
  readonly storage?: 'file' | 'memory'
}

export interface EnsureStreamsOptions {
  readonly app: string
  readonly plans: readonly StreamPlan[]
  /** A connection that may administer the stream of the module: that of its account, where there are accounts. */
  readonly admin: (module: string) => NatsConnection | Promise<NatsConnection>
}

const defaultMaxBytes = 256 * 1024 * 1024
const defaultMaxAgeMs = 7 * 24 * 3_600_000
const nanosPerMs = 1_000_000

/**
 * Makes the streams of an app or gives them the limits planned; what they hold stays. For who deploys: services may not.
 */
export async function ensureStreams({ app, plans, admin }: EnsureStreamsOptions): Promise<void> {
  for (const plan of plans) {
    const { streams } = await jetstreamManager(await admin(plan.module))
    const config = configOf(app, plan)
    const known = (await streams.names(`${app}.event.${plan.module}.*.*`).next()).includes(config.name)
    if (known) await streams.update(config.name, config)
    else await streams.add(config)
  }
}

/** Removes streams with all that they hold. */
export async function removeStreams({ app, plans, admin }: EnsureStreamsOptions): Promise<void> {
  for (const { module } of plans) {
    const { streams } = await jetstreamManager(await admin(module))
    await streams.delete(streamName(app, module))
  }
}

/** The modules that another service listens to: those that need a stream. */
export function publishedModules(
  { services }: Pick<Topology, 'services'>,
  listensTo: (module: string) => readonly string[],
): readonly string[] {
  const published = new Set<string>()
  for (const { modules } of services)
    for (const module of modules)
      for (const source of listensTo(module)) if (!modules.includes(source)) published.add(source)
  return [...published].sort()
}

function configOf(app: string, plan: StreamPlan): Partial<StreamConfig> & { name: string } {
  const { module, maxBytes = defaultMaxBytes, maxAgeMs = defaultMaxAgeMs, replicas = 1, storage = 'file' } = plan
  return {
    name: streamName(app, module),
    description: `Events of ${module} of ${app}, published for its subscribers in other services`,
    subjects: [`${app}.event.${module}.*.*`],
    retention: RetentionPolicy.Limits,
    // The oldest go: whoever still needs them asks the source.
    discard: DiscardPolicy.Old,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    max_bytes: maxBytes,
    max_age: maxAgeMs * nanosPerMs,
    num_replicas: replicas,
    allow_direct: true,
    // What is stored is heard at once, by services that import these subjects and can make no consumer (decision 0019).
    republish: { src: `${app}.event.${module}.*.*`, dest: `${app}.live.${module}.{{wildcard(1)}}.{{wildcard(2)}}` },
  }
}
