import type { Envelope, Outcome } from '../call/envelope.js'
import type { LogEvent, NewEvent, NewJob, ParkedEvent, SubscriptionKey, Unit } from '../ports/store.js'
import type { StreamEnding } from '../ports/stream-store.js'

/** What handling an event produced besides its SQL; committed together with the progress. */
export interface Effects {
  readonly events: readonly NewEvent[]
  readonly jobs: readonly NewJob[]
  /** Of the whole unit of work: asked at its end. */
  readonly streams?: { ending(): StreamEnding | undefined } | undefined
}

/** Runs a module's handlers for one event inside a unit of work that the delivery opened and will commit. */
export interface EventRunner {
  /**
   * Rejects when a handler failed. Events without a handler produce no effects.
   * @param deadlineAt when the time for this event is over, on the monotonic clock; `signal` aborts then
   */
  handle(
    module: string,
    key: SubscriptionKey,
    event: LogEvent | ParkedEvent,
    unit: Unit,
    signal: AbortSignal,
    deadlineAt: number,
  ): Promise<Effects>
}

/** Makes the call of a durable job. */
export interface JobRunner {
  call(envelope: Envelope, signal: AbortSignal): Promise<Outcome>
}

/** Tells the process what a commit of a module appended, so that subscribers here need not read it from the database. */
export interface CommitListener {
  /** Called after the commit, never before; events carry their positions. */
  committed(module: string, events: readonly LogEvent[], jobs: readonly NewJob[]): void
}

/** A subscription as the module declares it. */
export interface SubscriptionPlan {
  readonly module: string
  readonly key: SubscriptionKey
  /** Where a new subscription begins. */
  readonly from: 'beginning' | 'now' | { readonly time: number }
  /** Transactions at a time. Default 1: one after the other, over as many lanes and events as wait. */
  readonly parallel: number
  /** Attempts at an event before it becomes a dead letter. */
  readonly attempts: number
  /** What happens to later events of the key of a dead letter. */
  readonly onDead: 'release' | 'hold'
  /** Event types with a handler; others only move the position. */
  readonly types: ReadonlySet<string>
}
