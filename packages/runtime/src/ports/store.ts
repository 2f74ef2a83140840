/**
 * The port to the store: what the engine needs of PostgreSQL, in the engine's own words. An adapter implements it and
 * passes the conformance suite beside it. All JSON crosses as text, so that what a subscriber reads from memory and
 * what it reads from the database are the same bytes (P1). Times are milliseconds since 1970, from `ambient` (P10).
 *
 * I1 A unit of work is one transaction of one module (P3); nothing is sent before its first statement.
 * I2 Everything in an `Ending` commits together or not at all (P4, P5).
 * I3 Lane rows are locked last, ascending; nothing that can wait comes after them (delivery.md L1).
 */

import type { SqlExecutor } from './sql-executor.js'
import type { StreamEnding, StreamStore } from './stream-store.js'

/** A store for the modules of one process. */
export interface Store {
  /**
   * Makes what is missing (schema, login role, own tables), applies migrations, and opens pools lazily.
   * Reports all problems together.
   */
  open(modules: readonly StoreModule[]): Promise<void>
  /** The part of one module. Throws `unknown-module` when it was not opened. */
  module(name: string): ModuleStore
  /** Resolves when a statement can be run; rejects with `unavailable` otherwise. For readiness. */
  check(): Promise<void>
  describe(): StoreDescription
  /** Waits for units under way up to the deadline, then closes all connections (and the embedded server, if it is ours). */
  close(deadlineMs?: number): Promise<void>
}

export interface StoreDescription {
  readonly kind: 'embedded' | 'server'
  /** For people: no password in it. */
  readonly target: string
  readonly version: string
}

export interface StoreModule {
  readonly name: string
  /** Absolute path of the folder of numbered SQL files. */
  readonly migrations?: string
  /** Upper bound of connections for units of work. Default 6. */
  readonly connections?: number
}

export interface ModuleStore {
  /** A unit of work that has not begun yet. */
  unit(options?: UnitOptions): Unit
  /** Statements of queries: each by itself, read-only, no transaction. */
  readonly reader: SqlExecutor
  readonly inbox: InboxStore
  readonly log: LogStore
  readonly leases: LeaseStore
  readonly subscriptions: SubscriptionStore
  readonly jobs: JobStore
  readonly deadLetters: DeadLetterStore
  readonly streams: StreamStore
  /** Whether doing the unit again is safe and may help: serialization failure, deadlock, conflict of an append, connection lost before commit. */
  isTransient(error: unknown): boolean
}

export interface UnitOptions {
  /** Present when the outcome is recorded (P4): then a twin is refused, and a recorded outcome is found, before any statement runs. */
  readonly command?: CommandMark
  /** The unit's statements are cancelled and it is rolled back when this aborts. */
  readonly signal?: AbortSignal
}

export interface CommandMark {
  readonly id: string
  /** Hash of operation and input; another hash under the same id is `id-reused`. */
  readonly inputHash: string
}

export interface RecordedOutcome {
  readonly inputHash: string
  /** JSON text, as it was recorded. */
  readonly outcome: string
  readonly at: number
}

/** One transaction of one module, begun by its first statement. Use ends with exactly one of commit, reject, rollback. */
export interface Unit extends SqlExecutor {
  /** Whether a statement was sent. */
  readonly begun: boolean
  /**
   * Set when the command was found recorded: by the first statement (which then did not run and rejects), or at
   * commit. Whoever drives the unit returns this outcome, whatever the handler made of the rejection.
   */
  readonly recorded: RecordedOutcome | undefined
  /**
   * Sends the ending and the commit in one flush. Where nothing was begun this is the only round trip; with an empty
   * ending it is none. Rejects with `fenced` when progress moved meanwhile, `in-progress` when a twin runs,
   * `outcome-unknown` when the connection was lost after the commit was sent. When `recorded` is set afterwards,
   * nothing of this unit was kept.
   */
  commit(ending: Ending): Promise<Committed>
  /** Rolls back, and records the outcome of a declared error by itself, in one flush. May find `recorded` instead. */
  reject(outcome: string, at: number): Promise<void>
  /** Rolls back if begun. Never rejects. */
  rollback(): Promise<void>
}

/** What is written together with the effect. Every part may be absent. */
export interface Ending {
  /** JSON text of the outcome; recorded under the command mark of the unit. */
  readonly outcome?: { readonly outcome: string; readonly at: number }
  readonly events?: readonly NewEvent[]
  readonly jobs?: readonly NewJob[]
  readonly step?: SubscriptionStep
  readonly streams?: StreamEnding | undefined
}

export interface Committed {
  /** Position in its lane of each event of the ending, in the same order. */
  readonly positions: readonly number[]
}

/** An event to append. */
export interface NewEvent {
  readonly id: string
  readonly lane: number
  readonly key: string
  readonly type: string
  /** Schema version of the event. */
  readonly version: number
  /** JSON text of the data, in the portable form. */
  readonly data: string
  readonly at: number
  /** JSON text of what travels with the event (P7): correlation, causation, trace context, identity. */
  readonly context: string
}

/** An event in a log. */
export interface LogEvent extends NewEvent {
  readonly position: number
}

export interface InboxStore {
  find(id: string): Promise<RecordedOutcome | undefined>
  /** Deletes up to `limit` outcomes recorded before `before`; returns how many. Locks nothing that traffic needs. */
  prune(before: number, limit: number): Promise<number>
}

export interface LogHeads {
  /** Identity of this log (delivery.md L4): a uuid made with it, and the server's timeline. */
  readonly incarnation: string
  /** Last position of each of the 64 lanes; 0 when empty. */
  readonly positions: readonly number[]
}

export interface LogStore {
  heads(): Promise<LogHeads>
  /** Per lane, the last position whose event is older than `at`. */
  positionsBefore(at: number): Promise<readonly number[]>
  /**
   * Events after the given position of each lane, ascending per lane, dense (+1) from `after + 1`; at most `limit` in all,
   * fairly over lanes. Throws `log-diverged` when a lane's events after the position were pruned, or positions have a gap.
   */
  read(after: readonly LanePosition[], limit: number): Promise<readonly LogEvent[]>
  /** Latest events first, for people and tools. */
  list(filter: { readonly type?: string; readonly key?: string; readonly limit: number }): Promise<readonly LogEvent[]>
  /** Tells the source how far a subscription is, so that pruning waits for it. */
  register(subscriber: string, subscription: string, positions: readonly number[], at: number): Promise<void>
  registrations(): Promise<readonly LogRegistration[]>
  forget(subscriber: string, subscription: string): Promise<void>
  /** Deletes up to `limit` events older than `before` that every registered subscription has passed; returns how many. */
  prune(before: number, limit: number): Promise<number>
}

export interface LanePosition {
  readonly lane: number
  readonly after: number
}

export interface LogRegistration {
  readonly subscriber: string
  readonly subscription: string
  readonly positions: readonly number[]
  readonly at: number
}

/** A lease on a block of work, held by this process's session with the database; the epoch fences (delivery.md). */
export interface Lease {
  readonly name: string
  readonly block: number
  readonly epoch: number
}

export interface LeaseStore {
  /**
   * Takes those of the blocks that nobody holds: free ones, those whose holder's session is gone, and those whose
   * holder did not renew for `staleMs` (its session is ended first). Returns what this process holds afterwards.
   */
  acquire(name: string, blocks: readonly number[], staleMs: number): Promise<readonly Lease[]>
  /** Renews all leases of this process by one statement; returns those still held. Rejects when the session is gone. */
  renew(): Promise<readonly Lease[]>
  /** Gives back what this process holds of the name: the blocks given, or all. */
  release(name: string, blocks?: readonly number[]): Promise<void>
  /** The blocks of the names that somebody holds whose session lives and renewed within `staleMs`. */
  holders(names: readonly string[], staleMs: number): Promise<readonly LeaseHolder[]>
}

/** That a block is held, and whether by this process. */
export interface LeaseHolder {
  readonly name: string
  readonly block: number
  readonly mine: boolean
}

/** A subscription of the module: which of its subscriptions, and the source whose log it reads. */
export interface SubscriptionKey {
  /** `on` for the handlers under `on`; later capabilities have names of their own. */
  readonly subscription: string
  readonly source: string
}

export interface LaneProgress {
  readonly lane: number
  readonly position: number
  readonly incarnation: string
}

export interface SubscriptionStore {
  /** Makes the 64 progress rows when the subscription is new; says whether it was. */
  ensure(key: SubscriptionKey, start: LogHeads): Promise<boolean>
  /** Stamps the lanes of a freshly acquired lease with its epoch and returns where they stand. */
  claim(key: SubscriptionKey, lease: Lease): Promise<readonly LaneProgress[]>
  progress(key: SubscriptionKey): Promise<readonly LaneProgress[]>
  /** Sets positions by hand (an operator's decision after `log-diverged`): fences whoever runs it. */
  reset(key: SubscriptionKey, start: LogHeads): Promise<void>
  /** Keys that have parked or held events in the lanes given, with how many. */
  parkedKeys(
    key: SubscriptionKey,
    lanes: readonly number[],
  ): Promise<readonly { lane: number; key: string; count: number }[]>
  /** The first parked event of each key that is due at `now` and not held, soonest first. */
  parkedDue(key: SubscriptionKey, lanes: readonly number[], now: number, limit: number): Promise<readonly ParkedEvent[]>
  /** Time of the soonest parked event that is not due yet; undefined when there is none. */
  parkedNext(key: SubscriptionKey, lanes: readonly number[]): Promise<number | undefined>
  parkedCount(key: SubscriptionKey): Promise<number>
  listParked(filter: { readonly source?: string; readonly limit: number }): Promise<readonly ParkedEvent[]>
  /** Records a failed attempt at a parked event. Fenced by the epoch. */
  parkedFailed(event: ParkedEvent, epoch: number, failure: { error: string; nextAt: number }): Promise<void>
  /**
   * Moves a parked event to the dead letters after its last attempt. `hold` keeps its key held; otherwise the next
   * event of the key becomes due. Fenced by the epoch.
   */
  parkedDead(event: ParkedEvent, epoch: number, failure: { error: string; at: number; hold: boolean }): Promise<void>
}

export interface ParkedEvent extends LogEvent {
  readonly subscription: string
  readonly source: string
  readonly attempts: number
  readonly nextAt: number
  /** JSON text of the last error (ErrorData), when there was one. */
  readonly error?: string
}

/** The subscription's part of an ending: progress with its effect. */
export interface SubscriptionStep {
  readonly key: SubscriptionKey
  /** Moves lanes on. The guard is epoch and `from`; a lane that is not where it should be makes the unit `fenced`. */
  readonly lanes: readonly {
    readonly lane: number
    readonly from: number
    readonly to: number
    readonly epoch: number
  }[]
  /** Events set aside in the same transaction: one that failed (with its error), or one whose key waits. */
  readonly park?: readonly {
    readonly event: LogEvent
    readonly attempts: number
    readonly nextAt: number
    readonly error?: string
  }[]
  /** A parked event that this unit handled: deleted here; its lane's epoch is share-locked. */
  readonly handled?: { readonly lane: number; readonly position: number; readonly epoch: number }
}

/** A durable call to make later, written with the effect that asks for it. */
export interface NewJob {
  /** Also the id of the command it makes, so it takes effect once (P4). */
  readonly id: string
  readonly module: string
  readonly operation: string
  /** JSON text. */
  readonly input: string
  readonly runAt: number
  /** JSON text of what travels with it (P7). */
  readonly context: string
}

export interface Job extends NewJob {
  readonly attempts: number
  readonly error?: string
}

export interface JobStore {
  /** Due jobs, soonest first, without those whose ids are given (already under way here). */
  due(now: number, limit: number, except: readonly string[]): Promise<readonly Job[]>
  next(): Promise<number | undefined>
  list(limit: number): Promise<readonly Job[]>
  done(id: string): Promise<void>
  failed(id: string, failure: { error: string; nextAt: number }): Promise<void>
  dead(id: string, failure: { error: string; at: number }): Promise<void>
  cancel(id: string): Promise<boolean>
}

export interface DeadLetter {
  readonly id: string
  readonly kind: 'event' | 'job'
  /** The event's source, or the module that the job calls. */
  readonly source: string
  readonly subscription?: string
  readonly lane?: number
  readonly position?: number
  readonly key?: string
  /** Event type, or operation. */
  readonly type: string
  readonly version?: number
  /** JSON text as it would be resubmitted. */
  readonly data: string
  /** JSON text as it was before the first edit. */
  readonly original?: string
  readonly context: string
  /** JSON text of the last error. */
  readonly error: string
  readonly attempts: number
  readonly diedAt: number
  /** Whether later events of its key wait for it. */
  readonly holds: boolean
}

export interface DeadLetterFilter {
  readonly source?: string
  readonly type?: string
  readonly key?: string
  readonly ids?: readonly string[]
}

export interface DeadLetterStore {
  /** Newest first; `before` is the id of the last one of the page before. */
  list(
    filter: DeadLetterFilter,
    page: { readonly limit: number; readonly before?: string },
  ): Promise<readonly DeadLetter[]>
  count(): Promise<number>
  get(id: string): Promise<DeadLetter | undefined>
  /** Keeps the original and writes an audit line. False when there is no such letter. */
  edit(id: string, data: string, by: Operator): Promise<boolean>
  /** Back to the parked events or jobs with no attempts counted; returns how many. */
  resubmit(filter: DeadLetterFilter, by: Operator): Promise<number>
  /** Gives up for good; a held key is released. Returns how many. */
  drop(filter: DeadLetterFilter, by: Operator): Promise<number>
  audit(limit: number): Promise<readonly DeadLetterAudit[]>
}

export interface Operator {
  readonly name: string
  readonly at: number
}

export interface DeadLetterAudit {
  readonly letter: string
  readonly action: 'edit' | 'resubmit' | 'drop'
  readonly by: string
  readonly at: number
  /** JSON text before the action. */
  readonly data: string
}
