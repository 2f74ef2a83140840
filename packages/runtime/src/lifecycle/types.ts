import type { AnyContract } from '@banyan/contract'
import type { Cancellation, Envelope, Identity, Outcome, Placement } from '../call/envelope.js'
import type { RelayHealth } from '../delivery/relay/relay.js'
import type { CollectContext, Collected } from '../dispatch/collect.js'
import type { SourceLog } from '../ports/source-log.js'

/** A call from outside the modules: the gateway, host code, a test, the command line. */
export interface ExternalCall {
  readonly module: string
  readonly operation: string
  readonly input: unknown
  /** A command id that may be presented again, a UUID: the outcome is recorded. Absent: a fresh one, not recorded unless needed. */
  readonly id?: string
  /** Default: the limit of the module, else 30 s. */
  readonly timeoutMs?: number
  readonly signal?: Cancellation
  readonly identity?: Identity
  readonly correlationId?: string
  readonly traceparent?: string
  readonly tracestate?: string
}

export type ModuleState = 'starting' | 'running' | 'stopping' | 'stopped'

/** What `/healthz` and `banyan services` tell of one module. */
export interface ModuleHealth {
  readonly module: string
  readonly version: string
  readonly running: number
  readonly queued: number
  readonly limit: number
  readonly subscriptions: readonly SubscriptionHealth[]
  readonly deadLetters: number
  readonly jobs: { readonly running: number }
  /** Absent where no other service listens to the module. */
  readonly relay?: RelayHealth
}

export interface SubscriptionHealth {
  readonly source: string
  readonly subscription: string
  readonly state: 'waiting' | 'running' | 'stopped' | 'elsewhere'
  readonly reason?: string
  /** Events in the source's log that are not handled yet, as last seen. */
  readonly lag: number
  readonly parked: number
}

export interface HealthReport {
  readonly state: ModuleState
  readonly ready: boolean
  readonly modules: readonly ModuleHealth[]
  /** Edges with a policy over which something was called. */
  readonly edges: readonly EdgeHealth[]
}

/** One number that grows or moves, for /metrics. Labels are bounded by the contracts. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
    readonly suffix?: string
  }[]
}

/** A placement that may count what it does. */
export interface MeasuredPlacement extends Placement {
  metrics?(): readonly Metric[]
  /** The edges that it knows something of. */
  edges?(): readonly EdgeHealth[]
}

/** Calls from one module to another, as the policies of their edge saw them since the start. */
export interface EdgeHealth {
  /** A module, or `outside`. */
  readonly caller: string
  readonly module: string
  /** Absent: the edge has no breaker. */
  readonly breaker?: 'closed' | 'open' | 'half-open'
  readonly answered: number
  readonly failed: number
  readonly retries: number
}

/** What rests, but is not over, when everything is settled. */
export interface SettledReport {
  /** Parked events whose time has not come. */
  readonly parkedForLater: number
  /** How much was done here up to now: the same number twice means that nothing happened in between. */
  readonly moves: number
}

/** A running app in this process: what edges and composition use. */
export interface Runtime {
  readonly app: string
  /** The contracts of all modules of the app, by name, wherever they run. */
  readonly contracts: ReadonlyMap<string, AnyContract>
  /** Opens the store, checks config, starts feeds and background work. Rejects with all problems together. */
  start(): Promise<void>
  /**
   * Not ready any more, refuses new work, waits for work under way until the deadline, cancels the rest, stops feeds,
   * closes the store. Nothing acknowledged is lost. Idempotent.
   */
  stop(deadlineMs?: number): Promise<void>
  /** Never rejects. */
  execute(call: ExternalCall): Promise<Outcome>
  /**
   * Runs a call that another process of the app makes of a module here. Never rejects.
   * @param options what the caller has left, in milliseconds, and what tells that it gave up
   */
  accept(envelope: Envelope, options: { readonly timeoutMs: number; readonly signal?: Cancellation }): Promise<Outcome>
  /** The event log of a module here, for those who serve it to subscribers elsewhere. @throws `unknown-module` */
  log(module: string): SourceLog
  /** Handles a raw route of a module. Rejects with a BanyanError. */
  route(
    module: string,
    route: string,
    request: Request,
    options?: Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'>,
  ): Promise<Response>
  /**
   * Runs code outside the modules that acts for one, and hands its events and later calls back to be appended: for hosts
   * that append them in a transaction of their own. `appended` says when that transaction has ended.
   * @throws `unknown-module`, `unavailable`, `overloaded` when subscribers of the module are too far behind (P9)
   */
  collect<Value>(
    travel: Omit<ExternalCall, 'operation' | 'input' | 'timeoutMs' | 'signal'>,
    work: (context: CollectContext) => Value | Promise<Value>,
  ): Promise<Collected<Value>>
  /** A module may have appended by other means than a unit of work here: who works on its events and jobs looks at once. */
  appended(module: string): void
  health(): HealthReport
  /** Resolves when ready; rejects with what is missing. */
  check(): Promise<void>
  metrics(): readonly Metric[]
  /**
   * Resolves when every event is handled or parked for later, and no job is due; tells what rests. For tests and scripts.
   * @param timeoutMs real time, default 10 s
   * @throws `deadline-exceeded` that lists what is not settled
   */
  settled(timeoutMs?: number): Promise<SettledReport>
}
