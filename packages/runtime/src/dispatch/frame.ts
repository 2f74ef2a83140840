import type { Ambient } from '@banyan/ambient'
import { issueTime } from '@banyan/ambient'
import type { AnyContract } from '@banyan/contract'
import { type BanyanError, banyanError } from '@banyan/errors'
import { UnitStreams } from '../aggregate/unit-streams.js'
import { deriveId } from '../call/derive.js'
import type { Envelope, Placement } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import type { Logger } from '../logging/logger.js'
import type { SqlExecutor, Statement, StatementResult } from '../ports/sql-executor.js'
import type { NewEvent, NewJob } from '../ports/store.js'
import type { StreamStore } from '../ports/stream-store.js'
import type { StatementWatch } from '../sql/query.js'

/** What the frames of one module share. */
export interface FrameHost {
  readonly module: string
  readonly contract: AnyContract
  /** Contracts that its handlers may call: its uses, and its own. */
  readonly callable: ReadonlyMap<string, AnyContract>
  readonly ambient: Ambient
  readonly placement: Placement
  readonly logger: Logger
  readonly config: unknown
  /** The streams of the module's aggregates. */
  streams(): StreamStore
  /** Reports a doubtful pattern once for each place (delivery.md C5). */
  warnOnce(key: string, message: string): void
}

/** What runs the statements of a frame. */
export interface Work extends SqlExecutor {
  /** Whether a transaction is open: calling another module then is reported (C5). */
  readonly begun: boolean
}

// Most runs publish nothing and schedule nothing, so they share these.
const noEvents: readonly NewEvent[] = Object.freeze([])
const noJobs: readonly NewJob[] = Object.freeze([])

/**
 * One run of one handler: what it may do, and what it did. Owns the counters that ids are derived from, and what is
 * collected for the ending of its unit of work.
 *
 * I1 Ids depend on the parent id and the order of asking only, so a run that is repeated repeats them (C1).
 * I2 Once the handler has ended, nothing can be called, emitted or stated through it any more.
 */
export class Frame implements SqlExecutor, StatementWatch {
  readonly host: FrameHost
  readonly envelope: Envelope
  readonly scope: Scope
  #emitted: NewEvent[] | undefined
  #jobs: NewJob[] | undefined
  #streams: UnitStreams | undefined
  /** Statements under way. */
  openStatements = 0
  /** Statements that were written, and neither ran nor became part of another one. */
  unusedStatements = 0
  /** The first call this run made to another module, for the warning of C5. */
  firstCall: string | undefined
  /** Whether it called a command, of whichever module. */
  calledCommand = false
  ended = false
  #ordinals = 0
  #now: number | undefined
  readonly work: Work

  constructor(host: FrameHost, envelope: Envelope, scope: Scope, work: Work, time?: number, streams?: UnitStreams) {
    this.host = host
    this.envelope = envelope
    this.scope = scope
    this.work = work
    this.#now = time
    this.#streams = streams
  }

  query(statement: Statement): Promise<StatementResult> {
    if (this.ended) return Promise.reject(this.tooLate('a statement'))
    if (this.scope.ended) return Promise.reject(banyanError(this.scope.ended, { operation: this.operation }))
    return this.work.query(statement)
  }

  get emitted(): readonly NewEvent[] {
    return this.#emitted ?? noEvents
  }

  get jobs(): readonly NewJob[] {
    return this.#jobs ?? noJobs
  }

  /** The streams of aggregates that its unit of work read and appends to. */
  get streams(): UnitStreams {
    this.#streams ??= new UnitStreams()
    return this.#streams
  }

  /** The same, where any was asked for. */
  get usedStreams(): UnitStreams | undefined {
    return this.#streams
  }

  addEvent(event: NewEvent): void {
    if (this.#emitted) this.#emitted.push(event)
    else this.#emitted = [event]
  }

  addJob(job: NewJob): void {
    if (this.#jobs) this.#jobs.push(job)
    else this.#jobs = [job]
  }

  statementMade(): void {
    this.unusedStatements++
  }

  statementUsed(): void {
    this.unusedStatements--
  }

  statementStarted(): void {
    this.openStatements++
  }

  statementEnded(): void {
    this.openStatements--
  }

  get operation(): string {
    return `${this.envelope.module}.${this.envelope.operation}`
  }

  tooLate(what: string): BanyanError {
    return banyanError('not-awaited', { operation: this.operation, what })
  }

  nextOrdinal(): number {
    return this.#ordinals++
  }

  /** I1 */
  childId(what: string, ordinal: number): string {
    return deriveId(this.envelope.id, what, ordinal)
  }

  /**
   * The time of this command or event, the same when it runs again: the issue time that its id carries, or the event's
   * own time. An id without a time (derived from a client's key) takes the clock's, once per run.
   */
  now(): number {
    this.#now ??= issueTime(this.envelope.id) ?? this.host.ambient.now()
    return this.#now
  }
}
