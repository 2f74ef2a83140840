import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError, type ErrorData } from '@banyan/errors'
import {
  type CallScope,
  type Envelope,
  failed,
  type Logger,
  type Outcome,
  type Placement,
  type Receiver,
  type Scope,
} from '@banyan/runtime'
import { isPassing, mayRepeat, verdictOf } from '../outcomes.js'
import { backoffMs, retryAfterMs } from '../parts/backoff.js'
import { Breaker, type BreakerState } from '../parts/breaker.js'
import { Bulkhead } from '../parts/bulkhead.js'
import { DueList } from '../parts/due-list.js'
import { Latency } from '../parts/latency.js'
import { RetryBudget } from '../parts/retry-budget.js'
import { defaultBudget, type ResolvedPolicy } from '../policies.js'
import { Attempt, attemptScope, Call, type CallEdge, closeScope, endScope, HedgeTimer } from './call.js'
import { EdgeCounts } from './counts.js'
import type { Fallbacks } from './fallbacks.js'

export interface EdgeHost {
  readonly ambient: Ambient
  readonly logger: Logger
  /** What delivers attempts. */
  readonly placement: Placement
  readonly fallbacks: Fallbacks
}

/**
 * One edge between a caller and a module, with all that its policy needs to remember. An attempt passes bulkhead, breaker
 * and timeout, in this order; a call makes attempts, and ends with its last outcome or a fallback.
 *
 * I1 Every attempt that passed gives back its place, its deadline and its scope once, and tells the breaker once.
 * I2 What the edge itself refuses is not repeated: it is a decision to do less.
 * I3 Nothing is begun after the call is done, or beyond the time that its caller has (P7).
 */
export class Edge implements CallEdge {
  readonly caller: string
  readonly module: string
  readonly counts = new EdgeCounts()
  readonly breaker: Breaker | undefined
  readonly bulkhead: Bulkhead | undefined
  readonly budget: RetryBudget | undefined
  /** Whether a call may be made more than once. */
  readonly #repeats: boolean
  readonly #policy: ResolvedPolicy
  readonly #host: EdgeHost
  readonly #ambient: Ambient
  readonly #ownScopes: boolean
  readonly #deadlines: DueList | undefined
  readonly #hedges: DueList | undefined
  readonly #latencies = new Map<string, Latency>()
  /** Mean time of an attempt, of every 16th; for an honest retry-after. */
  #meanMs = 10

  constructor(caller: string, module: string, policy: ResolvedPolicy, host: EdgeHost) {
    this.caller = caller
    this.module = module
    this.#policy = policy
    this.#host = host
    this.#ambient = host.ambient
    const { retry, breaker, bulkhead, hedge, timeoutMs } = policy
    this.#repeats = retry !== undefined || hedge !== undefined
    this.#ownScopes = timeoutMs !== undefined || hedge !== undefined
    if (breaker) this.breaker = new Breaker(breaker, (state) => this.#breakerTurned(state))
    if (bulkhead) this.bulkhead = new Bulkhead(bulkhead)
    if (this.#repeats) this.budget = new RetryBudget(retry?.budget ?? defaultBudget, host.ambient.monotonic())
    if (timeoutMs !== undefined) this.#deadlines = new DueList(host.ambient)
    if (hedge) this.#hedges = new DueList(host.ambient)
  }

  keepsInput(envelope: Envelope): boolean {
    return this.#repeats || typeof this.#fallbackFor(envelope)?.value === 'function'
  }

  #fallbackFor({ kind, operation }: Envelope): { readonly value: unknown } | undefined {
    const { fallback } = this.#policy
    if (!fallback || kind !== 'query' || !Object.hasOwn(fallback, operation)) return undefined
    return { value: fallback[operation] }
  }

  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const call = new Call(this, envelope, scope, receiver)
    this.counts.calls++
    this.budget?.called()
    this.#enter(call)
    return call.promise as Promise<Answer>
  }

  #enter(call: Call): void {
    if (!this.bulkhead || this.bulkhead.tryEnter()) this.admitted(call)
    else if (this.bulkhead.tryWait(call)) this.#whenAbandoned(call, () => this.bulkhead?.abandon(call))
    else {
      this.counts.refusedByBulkhead++
      this.#end(call, failed(this.#overloaded()))
    }
  }

  /** The call has its place in the bulkhead. */
  admitted(call: Call): void {
    const now = this.#ambient.monotonic()
    if (this.breaker && !this.breaker.tryPass(now)) {
      this.bulkhead?.leave()
      this.counts.refusedByBreaker++
      this.#end(call, failed(this.#broken(now)))
    } else this.#attempt(call, now)
  }

  #attempt(call: Call, now: number): void {
    const { timeoutMs = Number.POSITIVE_INFINITY } = this.#policy
    const scope = this.#ownScopes ? attemptScope(this.#ambient, call.scope, now + timeoutMs) : call.scope
    const attempt = new Attempt(call, scope, this.breaker ? this.breaker.era : 0, now)
    if (call.current) call.second = attempt
    else call.current = attempt
    this.#deadlines?.add(attempt, now + timeoutMs, now)
    const first = call.attempts === 0
    // An outcome comes by the receiver; a rejection means that what delivers broke.
    const broke = (error: unknown): void => this.#brokeDown(attempt, error)
    try {
      this.#host.placement.deliver(call.next(), scope, attempt).then(undefined, broke)
    } catch (error) {
      broke(error)
    }
    if (first && this.#hedges && !call.done && call.envelope.kind === 'query') this.#planHedge(call, now)
  }

  /** The timeout of the edge has passed. Who delivers answers first, if it can tell more. */
  attemptLate(attempt: Attempt): void {
    this.counts.timeouts++
    endScope(attempt, 'deadline-exceeded')
    if (attempt.ended) return
    const operation = `${this.module}.${attempt.call.envelope.operation}`
    const code = (attempt.scope as Scope).isUnknownAt('deadline-exceeded') ? 'outcome-unknown' : 'deadline-exceeded'
    attempt.receive(failed(banyanError(code, { operation }, { details: { timeoutMs: this.#policy.timeoutMs } })))
  }

  attemptEnded(attempt: Attempt, outcome: Outcome): void {
    const { call } = attempt
    this.#release(attempt)
    this.#tellBreaker(attempt, outcome)
    if (call.done) return
    if (outcome.ok) {
      if (this.#hedges) this.#timed(attempt)
      this.#end(call, outcome)
    } else if (!this.#goesOn(call, outcome.error)) this.#end(call, outcome)
  }

  /** I1 */
  #release(attempt: Attempt): void {
    const { call } = attempt
    attempt.ended = true
    this.#deadlines?.remove(attempt)
    closeScope(attempt)
    if (call.second === attempt) call.second = undefined
    else {
      call.current = call.second
      call.second = undefined
    }
    if (!this.bulkhead) return
    if ((this.counts.calls & 15) === 0)
      this.#meanMs += (this.#ambient.monotonic() - attempt.begunAt - this.#meanMs) * 0.1
    this.bulkhead.leave()
  }

  #tellBreaker(attempt: Attempt, outcome: Outcome): void {
    const { breaker } = this
    if (!breaker) return
    if (outcome.ok) {
      breaker.ended('answered', attempt.era, attempt.begunAt)
      return
    }
    const now = this.#ambient.monotonic()
    // Less time than the edge allows was the choice of the caller, and says nothing of the callee.
    const cutShort = outcome.error.code === 'deadline-exceeded' && this.#deadlines && now < attempt.dueAt
    breaker.ended(cutShort ? 'neither' : verdictOf(outcome), attempt.era, now)
  }

  /** Whether the call goes on after a failed attempt: with its other attempt, or with a next one. */
  #goesOn(call: Call, error: ErrorData): boolean {
    if (error.code === 'outcome-unknown') {
      call.unknown = { ok: false, error }
      // Its scope can end before the next attempt tells anything, and is answered by who made the call.
      if (call.envelope.kind === 'command') call.scope.unknown = true
    }
    if (!isPassing(error)) return false
    if (call.current) return true
    const { retry } = this.#policy
    if (!retry || call.attempts >= retry.attempts || !call.hasInput || !mayRepeat(call.envelope, error)) return false
    const waitMs = retryAfterMs(error) + backoffMs(retry, call.attempts, this.#ambient.random())
    // I3
    if (call.scope.signal.aborted || waitMs >= call.scope.remainingMs()) return false
    if (!this.budget?.take(this.#ambient.monotonic())) {
      this.counts.retriesRefused++
      return false
    }
    this.counts.retries++
    const cancel = this.#ambient.after(waitMs, () => {
      call.stopWaiting?.()
      this.#enter(call)
    })
    this.#whenAbandoned(call, cancel, { ok: false, error })
    return true
  }

  /** While nothing of the call runs, nobody but its scope tells that its caller gave up. */
  #whenAbandoned(call: Call, stop: () => void, last?: Outcome): void {
    const { signal } = call.scope
    const abandon = (): void => {
      call.stopWaiting?.()
      stop()
      const operation = `${this.module}.${call.envelope.operation}`
      this.#end(call, last ?? failed(banyanError(call.scope.ended ?? 'cancelled', { operation })))
    }
    call.stopWaiting = () => {
      signal.removeEventListener('abort', abandon)
      call.stopWaiting = undefined
    }
    if (signal.aborted) abandon()
    else signal.addEventListener('abort', abandon)
  }

  #planHedge(call: Call, now: number): void {
    const after = this.#policy.hedge?.after
    const delayMs = after === 'p95' ? this.#latencies.get(call.envelope.operation)?.p95 : after
    if (delayMs === undefined) return
    call.hedge = new HedgeTimer(call)
    this.#hedges?.add(call.hedge, now + delayMs, now)
  }

  /** A second attempt beside the first, where budget, bulkhead and breaker have room for it at once. */
  hedge(call: Call): void {
    const now = this.#ambient.monotonic()
    if (call.done || !call.current || call.attempts > 1 || !call.hasInput) return
    if (this.breaker && this.breaker.state !== 'closed') return
    if (this.bulkhead && !this.bulkhead.tryEnter()) return
    if (!this.budget?.take(now)) {
      this.counts.retriesRefused++
      this.bulkhead?.leave()
      return
    }
    this.counts.hedges++
    this.#attempt(call, now)
  }

  #timed(attempt: Attempt): void {
    const { call } = attempt
    // It was the second if the first is still under way.
    if (call.current && call.current.begunAt < attempt.begunAt) this.counts.hedgesWon++
    if (call.envelope.kind !== 'query' || this.#policy.hedge?.after !== 'p95') return
    let latency = this.#latencies.get(call.envelope.operation)
    if (!latency) {
      latency = new Latency()
      this.#latencies.set(call.envelope.operation, latency)
    }
    latency.add(this.#ambient.monotonic() - attempt.begunAt)
  }

  #end(call: Call, given: Outcome): void {
    this.#finish(call)
    if (given.ok) {
      this.counts.answered++
      call.settle(given)
      return
    }
    const passing = isPassing(given.error)
    const outcome = passing && call.unknown ? call.unknown : given
    if (passing) this.counts.failed++
    else this.counts.answered++
    const fallback = passing ? this.#fallbackFor(call.envelope) : undefined
    // An input that was not kept is more than can cross, and no fallback is for it.
    if (fallback && (call.hasInput || typeof fallback.value !== 'function')) {
      this.counts.fallbacks++
      this.#host.fallbacks.answer(call, fallback.value, outcome)
    } else call.settle(outcome)
  }

  #finish(call: Call): void {
    call.done = true
    if (call.hedge) this.#hedges?.remove(call.hedge)
    this.#dropOther(call)
  }

  /** The slower one of a hedged pair is cancelled. */
  #dropOther(call: Call): void {
    const other = call.current
    if (!other) return
    endScope(other, 'cancelled')
    other.receive(failed(banyanError('cancelled', { operation: `${this.module}.${call.envelope.operation}` })))
  }

  #brokeDown(attempt: Attempt, error: unknown): void {
    const { call } = attempt
    if (!attempt.ended) {
      this.#release(attempt)
      this.breaker?.ended('neither', attempt.era, this.#ambient.monotonic())
    }
    // Nobody hears of it where the call is done, or goes on with another attempt.
    if (call.done || call.current || call.stopWaiting) {
      this.#host.logger.error({ err: error, edge: this.name }, `what delivers calls of ${this.name} broke`)
      return
    }
    this.#finish(call)
    this.counts.failed++
    if (call.unknown) call.settle(call.unknown)
    else call.fail(error)
  }

  #overloaded(): BanyanError {
    const waiting = (this.bulkhead as Bulkhead).queued + 1
    const running = (this.bulkhead as Bulkhead).running
    const wait = Math.max(1, Math.ceil((this.#meanMs * waiting) / Math.max(1, running)))
    const details = { bulkhead: 'full', edge: this.name, retryAfterMs: wait }
    return banyanError('overloaded', { what: this.name, retryAfterMs: wait }, { details })
  }

  #broken(now: number): BanyanError {
    const wait = Math.max(1, (this.breaker as Breaker).retryAfterMs(now))
    const details = { breaker: 'open', edge: this.name, retryAfterMs: wait }
    return banyanError('unavailable', { what: `${this.module} (the breaker of ${this.name} is open)` }, { details })
  }

  get name(): string {
    return `${this.caller} -> ${this.module}`
  }

  #breakerTurned(state: BreakerState): void {
    const fields = { edge: this.name, breaker: state }
    if (state === 'open') {
      this.counts.opened++
      this.#host.logger.warn(fields, `the breaker of ${this.name} opened: ${this.module} does not answer`)
    } else if (state === 'closed')
      this.#host.logger.info(fields, `the breaker of ${this.name} closed: ${this.module} answers again`)
  }
}
