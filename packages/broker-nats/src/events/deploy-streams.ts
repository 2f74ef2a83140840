import type { Ambient } from '@banyan/ambient'
import type { NatsConnection } from '@nats-io/transport-node'
import { connectNats } from '../connection/connect.js'
import { ensureStreams, type StreamPlan } from './streams.js'

export interface DeployStreamsOptions {
  readonly url: string
  readonly app: string
  readonly ambient: Ambient
  readonly plans: readonly StreamPlan[]
  /** Seed of who may make the stream of each module; absent: the broker asks for none. */
  readonly seeds?: Readonly<Record<string, string>>
  /** Files; absent: no TLS. */
  readonly tls?: { readonly ca: string; readonly certificate?: string; readonly key?: string }
}

/**
 * Makes the streams of an app, or gives them their limits, over connections of its own: each module's stream is in an account
 * of its own.
 * @throws `broker-unreachable`
 */
export async function deployStreams({ url, app, plans, ambient, seeds, tls }: DeployStreamsOptions): Promise<void> {
  const open: NatsConnection[] = []
  const { ca: caFile, certificate: certFile, key: keyFile } = tls ?? {}
  const admin = async (module: string): Promise<NatsConnection> => {
    if (!seeds && open[0]) return open[0]
    const seed = seeds?.[module]
    const connection = await connectNats({
      servers: url,
      name: `${app} deploy`,
      ambient,
      ...(seed === undefined ? {} : { credentials: { seed } }),
      ...(caFile ? { tls: { caFile, ...(certFile ? { certFile } : {}), ...(keyFile ? { keyFile } : {}) } } : {}),
    })
    open.push(connection)
    return connection
  }
  try {
    await ensureStreams({ app, plans, admin })
  } finally {
    await Promise.all(open.map((connection) => connection.close()))
  }
}
