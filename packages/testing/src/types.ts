import type { ContractShape } from '@banyan/contract'
import type { ModuleCaller, Sql } from '@banyan/module'
import type { HealthReport, Identity } from '@banyan/runtime'
import type { FaultPointName } from './fault-points.js'
import type { PublishedEvents } from './published.js'
import type { TestClock } from './test-clock.js'

/** What may be said about one call. */
export interface CallOptions {
  /** The command id: the same one again gives the recorded outcome (P4). Default: a fresh one that cannot come again. */
  readonly id?: string
  /** Who calls. Default: the identity of the test. */
  readonly as?: Identity
  /** Default: the limit of the module. By the clock of the test, in milliseconds. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly correlationId?: string
}

/** Where exactly a crash happens. */
export interface CrashOptions {
  /** Only commands, or calls of jobs, of this operation. Default: any. */
  readonly operation?: string
  /** At which time of passing the point. Default 1. */
  readonly pass?: number
}

/** A crash that was armed. */
export interface Crash {
  /** Resolves when the process has crashed and a new one has been started on the same database. */
  readonly happened: Promise<void>
}

/** An app under test. */
export interface TestApp<Names extends string = string> extends AsyncDisposable {
  /** Calls from outside: `await t.call(orders).place({ … })`, or `.result()` for declared errors as values. */
  call<C extends ContractShape>(contract: C, options?: CallOptions): ModuleCaller<C>
  /** What a module published up to now: `t.events(orders).placed`. */
  events<C extends ContractShape>(contract: C): PublishedEvents<C>
  /** Statements as the module's own role, read-only: what its tables hold. */
  sql(contract: ContractShape): Sql
  /** A request through the gateway; identity as the test's. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Where the gateway listens, with `gateway: true`. */
  readonly url: string | undefined
  /**
   * Resolves when every event is handled or parked for later, and no job is due: what handlers published, and what came
   * of that, is waited for too.
   * @param timeoutMs real time; default 10,000
   * @throws `deadline-exceeded` that lists what is not settled
   */
  settled(timeoutMs?: number): Promise<void>
  readonly clock: TestClock
  /**
   * Lets the process crash when a command, event or job of the module passes a fault point: its connections are cut,
   * nothing is finished or given back, and a new process is started over the same database. Calls from outside that were
   * under way get `outcome-unknown`, as when a server dies: ask again under the same id.
   * @throws `invalid-config` for a module or a point that does not exist
   */
  crash(module: Names, point: FaultPointName, options?: CrashOptions): Crash
  /** As the gateway tells it under /healthz. */
  health(): HealthReport
  /**
   * Ends the app and drops its database. Idempotent.
   * @throws `invalid-config` when a fault point was armed and never passed
   */
  stop(): Promise<void>
}
