import type { ExternalCall } from '../lifecycle/types.js'
import type { EventStream } from './event-stream.js'
import type { RemoteSource } from './source-stream.js'

/**
 * The port to the processes that run the other modules of the app: what the engine needs of them beside calls, which go
 * through the placement.
 */
export interface Elsewhere {
  /** The event log of a module of another process. It may be asked before that process is there, and rejects then. */
  source(module: string): RemoteSource
  /**
   * Where the events of a module of this process are published for subscribers of other services; undefined when it has
   * none.
   */
  stream?(module: string): EventStream | undefined
  /** Handles a raw route of a module of another process. Rejects with a BanyanError. */
  route(
    module: string,
    route: string,
    request: Request,
    options?: Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'>,
  ): Promise<Response>
}
