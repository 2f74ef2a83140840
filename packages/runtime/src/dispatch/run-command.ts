import { issueTime } from '@banyan/ambient'
import { type BanyanError, banyanError, errorData, isBanyanError } from '@banyan/errors'
import { hashInput } from '../call/derive.js'
import type { Envelope, Outcome } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import type { Statement, StatementResult } from '../ports/sql-executor.js'
import type { CommandMark, Ending, LogEvent, NewJob, RecordedOutcome, Unit } from '../ports/store.js'
import { realAfter } from '../upkeep.js'
import { describeIssues } from './describe-issues.js'
import type { CommandFaultPoint } from './fault-points.js'
import { Frame, type Work } from './frame.js'
import type { HostedModule, HostedOperation, Run } from './hosted-module.js'
import { failed, isDeclared, ran, undeclared } from './outcome.js'
import { isThenable, settleRun } from './settle.js'

/** Hears of commits, so that subscribers in this process need not wait for a poll. */
export type Committed = (module: string, events: readonly LogEvent[], jobs: readonly NewJob[]) => void

/** How often a unit is done again after a serialization failure, a deadlock or a connection lost before its commit. */
const transientAttempts = 5

/**
 * Runs a command: one unit of work, whose outcome is recorded with its effect where the id may come again (P4).
 *
 * I1 The handler's writes, its events, its later calls and its recorded outcome commit together or not at all (P3, P5).
 * I2 A declared error keeps nothing of the handler, but is recorded as the outcome.
 * I3 A recorded outcome is returned, whatever the handler made of finding it.
 * I4 Nothing is committed after the scope ended; once the commit is on its way the outcome may be unknown.
 */
export async function runCommand<Answer>(run: Run<Answer>, committed: Committed): Promise<Answer> {
  // The fresh context is shared: what a handler sets in it before its first await, the next call would see (P1).
  await undefined
  const { module, envelope, scope, ender } = run
  const refused = refuseExpired(module, envelope)
  if (refused) return ender.end(run, failed(refused))
  const mark = envelope.repeatable ? markOf(envelope) : undefined
  for (let attempt = 1; ; attempt++) {
    const executed = new CommandAttempt(run, mark, committed).execute()
    // Without anything to wait for, no promise is made for it.
    const outcome = executed instanceof Promise ? await executed : executed
    if (!(outcome instanceof Again)) return ender.end(run, outcome)
    if (attempt >= transientAttempts) return ender.end(run, outcome.givenUp)
    await pause(module, attempt)
    if (scope.ended)
      return ender.end(run, failed(banyanError(scope.ended, { operation: `${module.name}.${envelope.operation}` })))
  }
}

function refuseExpired(module: HostedModule, envelope: Envelope): BanyanError | undefined {
  if (!envelope.repeatable) return undefined
  const issued = issueTime(envelope.id)
  if (issued === undefined || issued > module.host.ambient.now() - module.inboxRetentionMs) return undefined
  return banyanError('id-expired', { id: envelope.id })
}

function markOf(envelope: Envelope): CommandMark {
  return { id: envelope.id, inputHash: hashInput(envelope.module, envelope.operation, envelope.input) }
}

function pause(module: HostedModule, attempt: number): Promise<void> {
  const { ambient } = module.host
  // Full jitter over a doubling bound, so that those who collided do not collide again.
  return new Promise((resolve) => void realAfter(ambient.random() * 5 * 2 ** attempt, resolve))
}

/** That a unit may be done again; and what the caller is told when it is not. */
class Again {
  readonly givenUp: Outcome

  constructor(module: string, error: unknown) {
    const told = isBanyanError(error, 'append-conflict')
      ? error
      : banyanError('unavailable', { what: `the store of ${module}` })
    this.givenUp = ran(module, told)
  }
}

class CommandAttempt implements Work {
  readonly #module: HostedModule
  readonly #operation: HostedOperation
  readonly #envelope: Envelope
  readonly #scope: Scope
  readonly #mark: CommandMark | undefined
  readonly #committed: Committed
  readonly #frame: Frame
  #unit: Unit | undefined

  constructor(run: Run<unknown>, mark: CommandMark | undefined, committed: Committed) {
    this.#module = run.module
    this.#operation = run.operation
    this.#envelope = run.envelope
    this.#scope = run.scope
    this.#mark = mark
    this.#committed = committed
    this.#frame = new Frame(run.module.host, run.envelope, run.scope, this)
  }

  get begun(): boolean {
    return this.#unit?.begun === true
  }

  query(statement: Statement): Promise<StatementResult> {
    return this.#open().query(statement)
  }

  #open(): Unit {
    this.#unit ??= this.#module
      .store()
      .unit({ ...(this.#mark ? { command: this.#mark } : {}), signal: this.#scope.signal })
    return this.#unit
  }

  /** Gives a promise only where there is something to wait for; never throws or rejects. */
  execute(): Outcome | Again | Promise<Outcome | Again> {
    // Decoded for each attempt: a handler may have changed the object it was given.
    const input = this.#operation.decodeInput(this.#envelope.input)
    if (!input.ok) return failed(invalidInput(this.#frame.operation, input.issues))
    try {
      const answer = this.#operation.handler(input.value, this.#module.context('command', this.#frame))
      if (isThenable(answer)) return this.#awaited(answer)
      const ended = this.#end(answer)
      return ended instanceof Promise ? ended.catch((error) => this.#abandon(error)) : ended
    } catch (error) {
      return this.#abandon(error)
    }
  }

  async #awaited(answer: PromiseLike<unknown>): Promise<Outcome | Again> {
    try {
      const ended = this.#end(await answer)
      return ended instanceof Promise ? await ended : ended
    } catch (error) {
      return this.#abandon(error)
    }
  }

  /** What follows when the handler has ended well. */
  #end(given: unknown): Outcome | Promise<Outcome> {
    settleRun(this.#module, this.#frame)
    if (this.#unit?.recorded) return this.#replay(this.#unit.recorded)
    const value = this.#checkOutput(given)
    const paused = this.#reached('command.after-handler')
    return paused ? paused.then(() => this.#keep(value)) : this.#keep(value)
  }

  #keep(value: unknown): Outcome | Promise<Outcome> {
    return this.#writes() ? this.#commit(value) : this.#unwritten(value)
  }

  #abandon(error: unknown): Promise<Outcome | Again> {
    this.#frame.ended = true
    this.#scope.cancelChildren('cancelled')
    return this.#failed(error)
  }

  #checkOutput(given: unknown): unknown {
    const output = this.#operation.checkOutput(given)
    if (!output.ok) throw invalidOutput(this.#frame.operation, output.issues)
    return output.value
  }

  #writes(): boolean {
    const { emitted, jobs } = this.#frame
    if (this.#mark !== undefined || this.#unit?.begun === true || emitted.length > 0 || jobs.length > 0) return true
    return this.#frame.usedStreams?.ending() !== undefined
  }

  /** A command that changed nothing and whose id cannot come again costs no round trip (C4). */
  #unwritten(value: unknown): Outcome {
    this.#refuseEnded()
    return { ok: true, value }
  }

  async #commit(value: unknown): Promise<Outcome> {
    const outcome: Outcome = { ok: true, value }
    const { emitted, jobs } = this.#frame
    const { ambient } = this.#module.host
    const ending: Ending = {
      ...(this.#mark ? { outcome: { outcome: JSON.stringify(outcome), at: ambient.now() } } : {}),
      ...(emitted.length > 0 ? { events: emitted } : {}),
      ...(jobs.length > 0 ? { jobs } : {}),
      streams: this.#frame.usedStreams?.ending(),
    }
    const unit = this.#open()
    await this.#reached('command.before-commit')
    this.#refuseEnded()
    this.#scope.committing = true
    const { positions } = await unit.commit(ending)
    if (unit.recorded) return this.#replay(unit.recorded)
    await this.#reached('command.after-commit')
    if (emitted.length > 0 || jobs.length > 0)
      this.#committed(
        this.#module.name,
        emitted.map((event, index) => ({ ...event, position: positions[index] as number })),
        jobs,
      )
    return outcome
  }

  #reached(point: CommandFaultPoint): void | Promise<void> {
    // The envelope says module and operation: nothing is made for a point that nobody armed.
    return this.#module.host.ambient.reached(point, this.#envelope as unknown as Readonly<Record<string, unknown>>)
  }

  /** I4 */
  #refuseEnded(): void {
    if (this.#scope.ended) throw banyanError(this.#scope.ended, { operation: this.#frame.operation })
  }

  async #failed(error: unknown): Promise<Outcome | Again> {
    const unit = this.#unit
    try {
      if (unit?.recorded) return await this.#replay(unit.recorded)
      if (isDeclared(this.#frame, this.#operation.errors, error)) return await this.#decline(error)
      await unit?.rollback()
      if (isBanyanError(error, 'outcome-unknown') && this.#mark) return await this.#resolveUnknown(error)
      if (this.#scope.ended && !this.#scope.committing)
        return failed(banyanError(this.#scope.ended, { operation: this.#frame.operation }))
      if (unit && this.#module.store().isTransient(error)) return this.#again(error)
      if (this.#isReused(error)) return failed(error)
      const recorded = await this.#findUnseen(error)
      return recorded ? await this.#replay(recorded) : undeclared(this.#frame, error)
    } catch (second) {
      await unit?.rollback()
      // A handler that declined before its first statement learns only now that its id stands for another input.
      if (this.#isReused(second)) return failed(second)
      return undeclared(this.#frame, second)
    }
  }

  /**
   * Calls that the handler made are repeated under their ids, and so take effect once, only where those are recorded; a
   * command whose id nobody can present again (C4) is not done again once it has called.
   */
  #again(error: unknown): Outcome | Again {
    const again = new Again(this.#module.name, error)
    return this.#mark || !this.#frame.calledCommand ? again : again.givenUp
  }

  /**
   * I3. The first statement looks the id up; a handler that failed before it, such as in a call, may be the repetition of
   * a run that was recorded. Errors that pass are repeated anyway, so they cost no look-up.
   */
  async #findUnseen(error: unknown): Promise<RecordedOutcome | undefined> {
    if (!this.#mark || this.#unit?.begun || (isBanyanError(error) && error.retryable)) return undefined
    return this.#module.store().inbox.find(this.#mark.id)
  }

  // The store refuses the id of this very command; the same code of a nested call is about another id, and a fault inside.
  #isReused(error: unknown): error is BanyanError {
    if (!this.#mark || !isBanyanError(error, 'id-reused')) return false
    return error.message === banyanError('id-reused', { id: this.#mark.id }).message
  }

  /** I2 */
  async #decline(error: BanyanError): Promise<Outcome> {
    const { firstCall, host, operation } = this.#frame
    if (firstCall)
      host.warnOnce(
        `declined:${operation}:${firstCall}`,
        `${operation} failed with ${error.code} after it had called ${firstCall}, whose effect stays. Validate and fail first and call last, or use a saga.`,
      )
    const outcome: Outcome = { ok: false, error: errorData(error) }
    if (!this.#mark) {
      await this.#unit?.rollback()
      return outcome
    }
    const unit = this.#open()
    await unit.reject(JSON.stringify(outcome), host.ambient.now())
    return unit.recorded ? this.#replay(unit.recorded) : outcome
  }

  /** The connection was lost with the commit under way: the record tells whether it happened. */
  async #resolveUnknown(error: BanyanError): Promise<Outcome | Again> {
    try {
      const recorded = await this.#module.store().inbox.find(this.#envelope.id)
      return recorded ? await this.#replay(recorded) : new Again(this.#module.name, error)
    } catch {
      // The store cannot be asked now either; the caller may ask again under the same id.
      return failed(error)
    }
  }

  /** I3 */
  async #replay(recorded: RecordedOutcome): Promise<Outcome> {
    await this.#unit?.rollback()
    if (this.#mark && recorded.inputHash !== this.#mark.inputHash)
      return failed(banyanError('id-reused', { id: this.#envelope.id }))
    return JSON.parse(recorded.outcome) as Outcome
  }
}

export function invalidInput(operation: string, issues: Parameters<typeof describeIssues>[0]): BanyanError {
  return banyanError('invalid-input', { operation, summary: describeIssues(issues) }, { details: { issues } })
}

export function invalidOutput(operation: string, issues: Parameters<typeof describeIssues>[0]): BanyanError {
  return banyanError('invalid-output', { operation, summary: describeIssues(issues) }, { details: { issues } })
}
