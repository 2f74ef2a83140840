import type { Ambient } from '@banyan/ambient'
import type { App } from '@banyan/module'
import { type CallLimits, createCallCheck, type Directory, type Mesh, type Topology } from '@banyan/placement'
import type { Logger } from '@banyan/runtime'
import { connectNats, type NatsTls } from '../connection/connect.js'
import type { LaneOptions } from '../lane/lane-server.js'
import { type MeasuredChooser, NatsMesh } from './nats-mesh.js'

export interface MeshOptions {
  readonly app: App
  /** Its `app` names the subjects; the same in all processes. */
  readonly topology: Topology
  /** The service of the topology that this process is one of. */
  readonly service: string
  readonly ambient: Ambient
  readonly logger: Logger
  /** `nats://host:port`, several of one cluster with commas or as a list. */
  readonly servers: string | readonly string[]
  /** For the account of calls; absent where the server asks for nothing. */
  readonly calls?: { readonly seed: string }
  readonly tls?: NatsTls
  readonly limits?: Partial<CallLimits>
  /** Chooses among replicas. Default: the one with the fewest calls of this process. */
  readonly chooser?: MeasuredChooser
  /** How often this process tells of itself. Default 1 s. */
  readonly presenceMs?: number
  /** How long another may be silent before it counts as dead. Default 3.5 s. */
  readonly lapseMs?: number
  /** Take calls past the broker, straight from processes that it introduced. Default: all go through the broker. */
  readonly lane?: LaneOptions
}

/**
 * Joins the processes of an app.
 * @throws broker-unreachable
 */
export async function connectMesh(options: MeshOptions): Promise<Mesh & { readonly directory: Directory }> {
  const { servers, calls, tls, ...rest } = options
  // Without credentials the broker lets everybody call everything, under any name: there is nothing to keep to.
  const mayCall = calls === undefined ? () => true : createCallCheck(options.app, options.topology)
  const connection = await connectNats({
    servers,
    name: `${options.topology.app} ${options.service} calls`,
    ambient: options.ambient,
    ...(calls === undefined ? {} : { credentials: calls }),
    ...(tls === undefined ? {} : { tls }),
  })
  try {
    return new NatsMesh({ presenceMs: 1_000, lapseMs: 3_500, ...rest, mayCall, connection })
  } catch (error) {
    await connection.close()
    throw error
  }
}
