import type { Ambient } from '@banyan/ambient'
import { type CallScope, type Outcome, type Receiver, Scope } from '@banyan/runtime'
import { Due } from '../parts/due-list.js'
import type { Call } from './call.js'

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
