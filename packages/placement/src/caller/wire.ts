import type { Outcome } from '@banyan/runtime'
import type { Provider } from '../directory/directory.js'
import { frameLimits } from '../frames/limits.js'
import type { LeftOut } from '../mesh.js'

/** What the placement of other processes needs of a broker. It never throws: what cannot be sent is told by `lost`. */
export interface CallWire {
  /** False while nothing can be sent. */
  readonly connected: boolean
  /** Where this process hears replies. */
  readonly token: string
  /** Largest message that the broker takes. */
  readonly messageBytes: number
  /**
   * Sends calls numbered `first` and on to one process. When nobody listens there, the broker says so and
   * `RemotePlacement.nobody` is to be told.
   */
  sendCalls(to: Provider, operation: string, first: number, count: number, message: Uint8Array): void
  /** Tells all processes of a module that calls of this one were given up. */
  sendCancel(module: string, message: Uint8Array): void
}

/** Chooses among the replicas of a module, by what its calls met; see the outlier detector in @banyan/resilience. */
export interface ReplicaChooser {
  /** One of the instances; undefined: the one with the fewest calls of this process gets it. */
  choose(module: string, instances: readonly string[]): string | undefined
  /** What a call met there: its reply, or that none will come. */
  told(module: string, instance: string, outcome: Outcome, tookMs: number): void
  /** Whom it leaves out now. */
  leftOut?(): readonly LeftOut[]
}

export interface CallLimits {
  /** Calls of this process that wait for a reply. Default 16,384. */
  readonly calls: number
  /** Characters of JSON of their inputs. Default 64 Mi. */
  readonly bytes: number
  /** Calls that share a message: with more the ends of a lane wait for each other, and fewer spread evener. Default 8. */
  readonly batchCalls: number
  /** Bytes after which a message is full. Default 64 Ki. */
  readonly batchBytes: number
  /** How long a call waits for a process of its module, where one may come (directory). Default 1 s. */
  readonly presenceMs: number
}

export const defaultCallLimits: CallLimits = {
  calls: 16_384,
  bytes: 67_108_864,
  batchCalls: frameLimits.batch,
  batchBytes: 65_536,
  presenceMs: 1_000,
}
