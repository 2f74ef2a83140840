import type { ExternalCall } from '../lifecycle/types.js'
import type { SourceLog } from './source-log.js'

/**
 * The port to the processes that run the other modules of the app: what the engine needs of them beside calls, which go
 * through the placement.
 */
export interface Elsewhere {
  /** The event log of a module of another process. It may be asked before that process is there, and rejects then. */
  source(module: string): SourceLog
  /** Handles a raw route of a module of another process. Rejects with a BanyanError. */
  route(
    module: string,
    route: string,
    request: Request,
    options?: Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'>,
  ): Promise<Response>
}
