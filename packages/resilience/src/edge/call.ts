import type { Ambient } from '@banyan/ambient'
import { type CallScope, type Envelope, type Outcome, type Receiver, Scope } from '@banyan/runtime'
import type { Waiting } from '../parts/bulkhead.js'
import { Due } from '../parts/due-list.js'
import { RepeatEnvelope } from './repeat-envelope.js'
import { notKept, snapshot } from './snapshot.js'

/** What a call and its attempts tell their edge. */
export interface CallEdge {
  readonly name: string
  /** Whether the input is needed after the first attempt: for another one, or for a fallback. */
  keepsInput(envelope: Envelope): boolean
  /** The call has its place in the bulkhead. */
  admitted(call: Call): void
  /** It is time for a second attempt beside the first. */
  hedge(call: Call): void
  attemptEnded(attempt: Attempt, outcome: Outcome): void
  /** The timeout of the edge has passed. */
  attemptLate(attempt: Attempt): void
}

/** An outcome that is an error. */
export type Failure = Extract<Outcome, { readonly ok: false }>

/**
 * A call over an edge with a policy, and the promise of its answer.
 *
 * I1 The receiver is asked once.
 * I2 A call of which some attempt may have taken effect never ends as if none had (P6).
 */
export class Call implements Waiting {
  readonly edge: CallEdge
  readonly envelope: Envelope
  readonly scope: CallScope
  readonly promise: Promise<unknown>
  done = false
  attempts = 0
  /** Attempts under way: nearly always one, two while it is hedged. */
  current: Attempt | undefined
  second: Attempt | undefined
  /** The outcome of an attempt of which nobody knows whether it took effect. */
  unknown: Failure | undefined
  hedge: HedgeTimer | undefined
  /** Takes back what it waits for: a place, or its next attempt. */
  stopWaiting: (() => void) | undefined
  readonly #input: unknown
  readonly #receiver: Receiver<unknown>
  #resolve!: (answer: unknown) => void
  #reject!: (reason: unknown) => void

  constructor(edge: CallEdge, envelope: Envelope, scope: CallScope, receiver: Receiver<unknown>) {
    this.edge = edge
    this.envelope = envelope
    this.scope = scope
    this.#receiver = receiver
    this.#input = edge.keepsInput(envelope) ? snapshot(envelope.input) : notKept
    this.promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whether the input that it had is still there. */
  get hasInput(): boolean {
    return this.#input !== notKept
  }

  get input(): unknown {
    return this.#input
  }

  /** The envelope for the next attempt. */
  next(): Envelope {
    return this.attempts++ === 0 ? this.envelope : new RepeatEnvelope(this.envelope, this.#input)
  }

  /** It has its place. */
  go(): void {
    this.stopWaiting?.()
    this.edge.admitted(this)
  }

  /** I1 */
  settle(outcome: Outcome): void {
    try {
      this.#resolve(this.#receiver.receive(outcome))
    } catch (error) {
      this.#reject(error)
    }
  }

  /** What delivers broke: no outcome can be made of it. */
  fail(reason: unknown): void {
    this.#reject(reason)
  }
}

/** When a query is asked a second time. */
export class HedgeTimer extends Due {
  readonly #call: Call

  constructor(call: Call) {
    super()
    this.#call = call
  }

  due(): void {
    this.#call.edge.hedge(this.#call)
  }
}

/** One attempt at a call. What it is told after it has ended is not heard. */
export class Attempt extends Due implements Receiver<void> {
  readonly call: Call
  /** Its own where it may end without the call, else that of the call. */
  readonly scope: CallScope
  /** The era of the breaker that let it pass. */
  readonly era: number
  /** On the monotonic clock. */
  readonly begunAt: number
  ended = false

  constructor(call: Call, scope: CallScope, era: number, begunAt: number) {
    super()
    this.call = call
    this.scope = scope
    this.era = era
    this.begunAt = begunAt
  }

  receive(outcome: Outcome): void {
    if (!this.ended) this.call.edge.attemptEnded(this, outcome)
  }

  due(): void {
    if (!this.ended) this.call.edge.attemptLate(this)
  }
}

/** A scope that an attempt can end without ending the call. */
export function attemptScope(ambient: Ambient, call: CallScope, endsAt: number): Scope {
  return Scope.attempt(ambient, call as Scope, endsAt)
}

/** Ends and closes a scope that was made for an attempt. */
export function closeScope(attempt: Attempt): void {
  if (attempt.scope !== attempt.call.scope) (attempt.scope as Scope).close()
}

export function endScope(attempt: Attempt, reason: 'deadline-exceeded' | 'cancelled'): void {
  if (attempt.scope !== attempt.call.scope) (attempt.scope as Scope).end(reason)
}
