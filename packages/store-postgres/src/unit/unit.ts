import { banyanError, isBanyanError } from '@banyan/errors'
import type {
  CommandMark,
  Committed,
  Ending,
  RecordedOutcome,
  Statement,
  StatementResult,
  Unit,
  UnitOptions,
} from '@banyan/runtime'
import type Result from 'pg/lib/result.js'
import { endsSession, statementFailure } from '../connection/failure.js'
import type { Flight, FlightPart } from '../connection/flight.js'
import { refuseStatement } from '../connection/refused-statement.js'
import { textRows } from '../connection/rows.js'
import type { Session } from '../connection/session.js'
import type { SessionPool } from '../connection/session-pool.js'
import { statementPart, toStatementResult, unansweredPart } from '../connection/statement.js'
import { findOutcomePart, readOutcome } from '../inbox/find-outcome.js'
import { recordUnlessTherePart } from '../inbox/record-outcome.js'
import { beginCommandPart, beginPart } from './begin.js'
import { cancelBackend } from './cancel-backend.js'
import { commitPart, rollbackPart, settleConstraintsPart } from './end.js'
import { type EndingParts, endingParts } from './ending-parts.js'
import { commitFate, refusal, tellsRecorded } from './failure.js'

/**
 * One transaction of one module. Owns its session from the first statement to the end, and gives it back exactly once.
 *
 * I1 Nothing is sent before the first statement; begin, command look-up and that statement travel in one flush.
 * I2 Once `failure` is set, the unit can only be rolled back: commit and reject tell it, whatever the handler made of it.
 * I3 A statement never runs outside the transaction: it is sent only when the begin was answered.
 * I4 Once the ending was sent, an abort does not touch it: a commit is never cancelled half way.
 * I5 Statements that nobody wants an answer of wait until something is sent anyway, and go in front of it: all run in the
 *    order in which they were given. One that fails makes the unit fail (I2), so what commits is what had run if each
 *    had been waited for. Twice `statementsTogether` are held at most.
 */
export interface UnitPlace {
  readonly pool: SessionPool
  /** For cancelling: another connection of the same role. */
  readonly reader: SessionPool
  readonly schema: string
  readonly module: string
}

/** How many statements that nobody wants an answer of go together: enough that a round trip costs nothing. */
const statementsTogether = 64
const unanswered: StatementResult = Object.freeze({ rows: [], rowCount: null, command: '', fields: [] })

const recordedAlready = 'The outcome of this command is recorded already; its statements do not run again'

export class PostgresUnit implements Unit {
  recorded: RecordedOutcome | undefined
  private readonly place: UnitPlace
  private readonly command: CommandMark | undefined
  private readonly signal: AbortSignal | undefined
  private session: Session | undefined
  /** Resolves when the transaction is open; rejects when it could not be opened (I3). */
  private opened: Promise<Session> | undefined
  private failure: { readonly error: unknown } | undefined
  private lastError: unknown
  private running = 0
  /** I5: not sent yet. */
  private waiting: Statement[] = []
  /** I5: sent and not answered; never rejects. */
  private sending: Promise<void> | undefined
  private over = false
  private abandoned: Promise<void> | undefined
  private readonly onAbort = (): void => void this.abort()

  constructor(place: UnitPlace, options: UnitOptions) {
    this.place = place
    this.command = options.command
    this.signal = options.signal
  }

  get begun(): boolean {
    return this.opened !== undefined || this.waiting.length > 0
  }

  async query(statement: Statement): Promise<StatementResult> {
    this.ensureUsable()
    refuseStatement(statement.text)
    // The first statement of a command finds a recorded outcome, so it is always waited for.
    if (statement.unanswered && (this.opened || !this.command)) return this.queue(statement)
    return this.send(this.takeWaiting(), statement)
  }

  /** Sends statements, the last of which is waited for if there is one of that kind. */
  private async send(waiting: readonly Statement[], last: Statement | undefined): Promise<StatementResult> {
    if (!this.opened) return this.open(waiting, last)
    const session = await this.opened
    this.ensureUsable()
    return this.execute(session, waiting, last)
  }

  private takeWaiting(): readonly Statement[] {
    if (this.waiting.length === 0) return this.waiting
    const waiting = this.waiting
    this.waiting = []
    return waiting
  }

  private async queue(statement: Statement): Promise<StatementResult> {
    this.waiting.push(statement)
    if (this.waiting.length < statementsTogether) return unanswered
    const before = this.sending
    this.sending = this.send(this.takeWaiting(), undefined).then(
      () => undefined,
      (error: unknown) => void this.fail(error),
    )
    await before
    this.ensureUsable()
    return unanswered
  }

  private ensureUsable(): void {
    if (this.failure) throw this.failure.error
    if (this.over) throw new Error('This unit of work has ended; a statement was started without await')
    if (this.signal?.aborted) throw this.abortError()
  }

  private open(waiting: readonly Statement[], last: Statement | undefined): Promise<StatementResult> {
    const first = this.openWith(waiting, last)
    this.opened = first.opened
    // Who waits for it is told; who does not is told by `failure`.
    this.opened.catch(() => undefined)
    return first.result
  }

  private openWith(
    waiting: readonly Statement[],
    last: Statement | undefined,
  ): { opened: Promise<Session>; result: Promise<StatementResult> } {
    const { schema } = this.place
    const head = [beginPart, ...(this.command ? [beginCommandPart(schema, this.command.id)] : [])]
    let flight: Flight | undefined
    const sent = this.acquire().then((session) => {
      flight = session.send([...head, ...statementParts(session, waiting, last)])
      this.running++
      return flight.done.finally(() => this.running--)
    })
    const isOpen = (): boolean => flight !== undefined && flight.completed >= head.length
    const opened = sent.then(
      () => this.session as Session,
      async (error: unknown) => {
        if (isOpen()) return this.session as Session
        throw this.fail(await this.openFailure(error))
      },
    )
    const result = sent.then(
      (results) => this.checked(results),
      async (error: unknown) => {
        await opened
        throw this.failedAt(error, flight, head.length + waiting.length)
      },
    )
    return { opened, result }
  }

  private async acquire(): Promise<Session> {
    this.signal?.addEventListener('abort', this.onAbort, { once: true })
    const session = await this.acquireSession()
    if (this.over) {
      this.place.pool.release(session)
      throw new Error('This unit of work ended before its first statement was sent')
    }
    this.session = session
    return session
  }

  private async acquireSession(): Promise<Session> {
    try {
      return await this.place.pool.acquire(this.signal)
    } catch (error) {
      throw this.signal?.aborted ? this.abortError() : error
    }
  }

  /** Why the transaction could not be opened; a recorded outcome is fetched here. */
  private async openFailure(error: unknown): Promise<unknown> {
    const session = this.session
    if (!session) return error
    if (!tellsRecorded(error)) return this.translate(error)
    try {
      return (await this.findRecorded(session, [rollbackPart])) ?? new Error(recordedAlready)
    } catch (lost) {
      return statementFailure(lost, this.place.pool.what)
    }
  }

  /** Sets `recorded`; returns an error where the id was used for something else. */
  private async findRecorded(session: Session, before: readonly FlightPart[]): Promise<unknown> {
    const command = this.command as CommandMark
    const results = await session.run([...before, findOutcomePart(command.id)])
    const found = readOutcome(textRows(results.at(-1)))
    if (!found) return banyanError('in-progress', { id: command.id })
    if (found.inputHash !== command.inputHash) return banyanError('id-reused', { id: command.id })
    this.recorded = found
    return undefined
  }

  private async execute(
    session: Session,
    waiting: readonly Statement[],
    last: Statement | undefined,
  ): Promise<StatementResult> {
    this.running++
    const flight = session.send(statementParts(session, waiting, last))
    try {
      return this.checked(await flight.done)
    } catch (error) {
      throw this.failedAt(error, flight, waiting.length)
    } finally {
      this.running--
    }
  }

  /** A transaction that was ended by other means than the unit is broken beyond repair: part of it may be committed. */
  private checked(results: readonly Result[]): StatementResult {
    const session = this.session
    if (session && session.broken === undefined && session.transactionStatus === 'I') {
      session.destroy()
      throw this.fail(new Error('A statement ended the transaction of its unit of work'))
    }
    return toStatementResult(results.at(-1) as Result)
  }

  /** I5: what failed was waited for, or makes the unit fail. */
  private failedAt(error: unknown, flight: Flight | undefined, waited: number): unknown {
    const failure = this.statementError(error)
    return (flight?.completed ?? 0) < waited ? this.fail(failure) : failure
  }

  private statementError(error: unknown): unknown {
    if (this.failure) return this.failure.error
    if (this.signal?.aborted && !this.over) return this.abortError()
    const failure = statementFailure(error, this.place.pool.what)
    this.lastError = failure
    if (endsSession(error)) return this.fail(failure)
    if (error instanceof Error && !isBanyanError(error)) Error.captureStackTrace(error)
    return failure
  }

  private fail(error: unknown): unknown {
    this.failure ??= { error } // I2
    return this.failure.error
  }

  private translate(error: unknown): unknown {
    const { module, pool } = this.place
    return statementFailure(refusal(error, { command: this.command?.id, module }), pool.what)
  }

  async commit(ending: Ending): Promise<Committed> {
    await this.enterEnd()
    if (this.recorded) return { positions: [] }
    const begun = this.session !== undefined
    const waiting = this.takeWaiting()
    try {
      const planned = endingParts(ending, this.command)
      if (!begun && waiting.length === 0) return await this.commitUnbegun(planned, ending.outcome !== undefined)
      this.session ??= await this.acquireSession()
      const head = begun ? [] : [beginPart]
      const settle = locksLast(ending) ? [settleConstraintsPart] : []
      const parts = [...head, ...statementParts(this.session, waiting), ...settle, ...planned.parts, commitPart]
      return await this.commitParts(this.session, planned, parts, true)
    } finally {
      await this.leave()
    }
  }

  /** All in one implicit transaction: statements under one Sync commit together, so one round trip is all it takes. */
  private async commitUnbegun(planned: EndingParts, marks: boolean): Promise<Committed> {
    if (planned.parts.length === 0) return { positions: [] }
    const session = await this.acquireSession()
    this.session = session
    const head = marks && this.command ? [beginCommandPart(this.place.schema, this.command.id)] : []
    return this.commitParts(session, planned, [...head, ...planned.parts], false)
  }

  private async commitParts(
    session: Session,
    { append }: EndingParts,
    parts: readonly FlightPart[],
    begun: boolean,
  ): Promise<Committed> {
    const flight = session.sendLimited(parts)
    try {
      const results = await flight.done
      if (begun && flight.lastCommand !== 'COMMIT') throw this.lastError ?? new Error('The commit was refused')
      const index = parts.length - (begun ? 2 : 1)
      return { positions: append ? append.positions(results[index] as Result) : [] }
    } catch (error) {
      return await this.commitFailed(session, flight, error, parts.length, begun)
    }
  }

  private async commitFailed(
    session: Session,
    flight: Flight,
    error: unknown,
    count: number,
    begun: boolean,
  ): Promise<Committed> {
    if (tellsRecorded(error)) {
      const conflict = await this.findRecorded(session, begun ? [rollbackPart] : []).catch((lost: unknown) =>
        this.translate(lost),
      )
      if (conflict) throw conflict
      return { positions: [] }
    }
    const fate = commitFate(error, flight, begun ? count - 1 : count)
    if (fate === 'unknown') {
      const operation = this.command ? `command ${this.command.id}` : `a unit of work of ${this.place.module}`
      throw banyanError('outcome-unknown', { operation }, { cause: error })
    }
    // What made the transaction fail says more than that it had failed.
    throw fate === 'refused' && isAborted(error) ? (this.lastError ?? error) : this.translate(error)
  }

  async reject(outcome: string, at: number): Promise<void> {
    await this.enterEnd()
    if (this.recorded) return
    try {
      const command = this.command
      if (!command) return
      const begun = this.session !== undefined
      this.session ??= await this.acquireSession()
      const head = begun ? rollbackPart : beginCommandPart(this.place.schema, command.id)
      await this.recordRejection(this.session, command, [head, recordUnlessTherePart(command, outcome, at)])
    } finally {
      await this.leave()
    }
  }

  private async recordRejection(session: Session, command: CommandMark, parts: readonly FlightPart[]): Promise<void> {
    const flight = session.sendLimited(parts)
    try {
      const results = await flight.done
      if (results.at(-1)?.rowCount === 1) return
    } catch (error) {
      if (!tellsRecorded(error)) {
        if (commitFate(error, flight, parts.length) !== 'unknown') throw this.translate(error)
        throw banyanError('outcome-unknown', { operation: `command ${command.id}` }, { cause: error })
      }
    }
    const conflict = await this.findRecorded(session, []).catch((lost: unknown) => this.translate(lost))
    if (conflict) throw conflict
  }

  async rollback(): Promise<void> {
    if (this.over) return
    this.over = true
    await this.abandon()
  }

  /** Common to all endings: waits for the opening, tells a failure, and shuts the unit for everything else. */
  private async enterEnd(): Promise<void> {
    if (this.over) throw new Error('This unit of work has ended')
    await this.opened?.catch(() => undefined)
    if (this.signal?.aborted) this.fail(this.abortError())
    this.over = true
    this.signal?.removeEventListener('abort', this.onAbort) // I4
    if (this.recorded || !this.failure) {
      if (this.recorded) await this.leave()
      return
    }
    await this.abandon()
    throw this.failure.error
  }

  private abortError(): unknown {
    const reason: unknown = this.signal?.reason
    return isBanyanError(reason)
      ? reason
      : banyanError('cancelled', { operation: `a unit of work of ${this.place.module}` }, { cause: reason })
  }

  private abort(): void {
    if (this.over) return
    this.fail(this.abortError())
    // `rollback` and the endings wait for it; it never rejects.
    void this.abandon()
  }

  /** Cancels what runs, rolls back and gives the session back. Once; never rejects. */
  private abandon(): Promise<void> {
    this.abandoned ??= this.giveUp()
    return this.abandoned
  }

  private async giveUp(): Promise<void> {
    const session = this.session
    if (session) await cancelBackend(this.place.reader, session, () => this.running > 0)
    await this.opened?.catch(() => undefined)
    await this.leave()
  }

  private async leave(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort)
    const session = this.session
    if (!session) return
    this.session = undefined
    // A session that cannot even roll back is cut; the server rolls back then.
    if (session.broken === undefined && session.transactionStatus !== 'I') {
      await session.run([rollbackPart]).catch(() => session.destroy())
    }
    this.place.pool.release(session)
  }
}

/** Statements that nobody wants an answer of, and behind them one that is waited for. */
function statementParts(session: Session, waiting: readonly Statement[], last?: Statement): FlightPart[] {
  const parts = waiting.map((statement) => unansweredPart(session, statement))
  if (last) parts.push(statementPart(session, last))
  return parts
}

/** Whether the ending locks what others may wait for to the end: streams and tags, and the lanes. */
function locksLast({ events = [], streams }: Ending): boolean {
  return events.length > 0 || streams !== undefined
}

function isAborted(error: unknown): boolean {
  return (error as { code?: string }).code === '25P02'
}
