import type { DrivenClock } from '@banyan/ambient'
import type { LogEvent, Store } from '@banyan/runtime'
import type { FaultPoints } from '../fault-points.js'
import type { TestedService } from './service.js'

/** Reads the log of a module, oldest events first. */
export type ReadLog = (module: string) => Promise<readonly LogEvent[]>

/** What the services of one test share with it. */
export interface SharedByServices {
  readonly clock: DrivenClock
  readonly faults: FaultPoints
  committed(module: string, events: readonly LogEvent[]): void
  /** A process of the service runs after a crash. It is ready when this resolves. */
  restarted(service: TestedService, log: ReadLog): Promise<void>
  /** Two answers to one command were not the same (P4). */
  differs(what: string): void
}

const logLimit = 1_000_000

/** The log of a module, oldest events first. */
export async function readLog(store: Store, module: string): Promise<readonly LogEvent[]> {
  return [...(await store.module(module).log.list({ limit: logLimit }))].reverse()
}
