import type { Ambient } from '@banyan/ambient'
import type { CallScope, ScopeEnd } from './envelope.js'

/**
 * Deadline and cancellation of one call (P7). Owns the timer of its deadline; knows the scopes of the calls made under
 * it, which end with it.
 *
 * I1 A child never has more time than its parent has left; without a deadline of its own it shares the parent's timer.
 * I2 When a scope ends, everything under it ends.
 * I3 `close` releases the timer and leaves no reference behind, however many siblings are still open.
 * I4 What may have happened in an attempt may have happened in the call.
 */
export class Scope implements CallScope {
  ended: ScopeEnd | undefined
  readonly deadlineAt: number
  unknown = false
  /** When the call began, on the monotonic clock; of calls from outside. */
  begunAt = 0
  readonly #ambient: Ambient
  readonly #parent: Scope | undefined
  /** Whether it is one attempt at the call of its parent (I4). */
  #isAttempt = false
  #committing = false
  #elsewhere = false
  // Nearly always one call runs after the other, so one place is enough and nothing is allocated.
  #child: Scope | undefined
  #others: Scope[] | undefined
  /** Where it stands among the others of its parent. */
  #place = 0
  #openChildren = 0
  #closed = false
  #controller: AbortController | undefined
  #listeners: ((end: ScopeEnd) => void)[] | undefined
  #cancelTimer: (() => void) | undefined

  /** @param endsAt for a scope whose maker ends it: its deadline, on the monotonic clock */
  constructor(ambient: Ambient, parent: Scope | undefined, timeoutMs?: number, endsAt = Number.POSITIVE_INFINITY) {
    this.#ambient = ambient
    this.#parent = parent
    const inherited = parent && parent.deadlineAt < endsAt ? parent.deadlineAt : endsAt
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) this.deadlineAt = inherited
    else {
      const own = ambient.monotonic() + timeoutMs
      this.deadlineAt = Math.min(own, inherited)
      // I1
      if (own < inherited) this.#cancelTimer = ambient.after(timeoutMs, () => this.end('deadline-exceeded'))
    }
    if (parent) parent.#adopt(this)
  }

  /** One of several attempts at a call: it can end without the call; whoever makes it ends it at `endsAt`, and closes it. */
  static attempt(ambient: Ambient, call: Scope, endsAt: number): Scope {
    const scope = new Scope(ambient, call, undefined, endsAt)
    scope.#isAttempt = true
    return scope
  }

  /** Set once the commit of the call is under way: from then on its outcome may be unknown. */
  get committing(): boolean {
    return this.#committing
  }

  set committing(under: boolean) {
    this.#committing = under
    // I4
    if (this.#isAttempt && this.#parent) this.#parent.committing = under
  }

  get elsewhere(): boolean {
    return this.#elsewhere
  }

  set elsewhere(runs: boolean) {
    this.#elsewhere = runs
    // I4
    if (this.#isAttempt && this.#parent) this.#parent.elsewhere = runs
  }

  /**
   * Whether what becomes of a command is unknown when its scope ends like this. Who gave up by himself is told so, wherever the
   * command runs (P1), unless an earlier attempt at it may have taken effect (P6).
   */
  isUnknownAt(end: ScopeEnd): boolean {
    return this.unknown || this.#committing || (this.#elsewhere && end === 'deadline-exceeded')
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.ended) this.#controller.abort(new Error(this.ended))
    }
    return this.#controller.signal
  }

  remainingMs(): number {
    return this.deadlineAt === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.deadlineAt - this.#ambient.monotonic())
  }

  /** How many calls made under this scope have not ended. */
  get openCalls(): number {
    return this.#openChildren
  }

  onEnd(listener: (end: ScopeEnd) => void): void {
    if (this.ended) listener(this.ended)
    else if (this.#listeners) this.#listeners.push(listener)
    else this.#listeners = [listener]
  }

  /** Ends the scope early, and all under it (I2). */
  end(reason: ScopeEnd): void {
    if (this.ended || this.#closed) return
    this.ended = reason
    this.#cancelTimer?.()
    this.#controller?.abort(new Error(reason))
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners) for (const listener of listeners) listener(reason)
    this.cancelChildren(reason)
  }

  cancelChildren(reason: ScopeEnd): void {
    this.#child?.end(reason)
    // A copy: who is told may close at once, and leaves its place to another.
    if (this.#others) for (const child of [...this.#others]) child.end(reason)
  }

  /** The call has ended. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTimer?.()
    this.#listeners = undefined
    const parent = this.#parent
    if (parent) parent.#release(this)
  }

  #adopt(child: Scope): void {
    this.#openChildren++
    if (!this.#child) this.#child = child
    else if (this.#others) child.#place = this.#others.push(child) - 1
    else this.#others = [child]
    if (this.ended) child.end(this.ended)
  }

  /** I3 */
  #release(child: Scope): void {
    this.#openChildren--
    if (this.#child === child) {
      this.#child = undefined
      return
    }
    const others = this.#others as Scope[]
    const last = others.pop() as Scope
    if (last === child) return
    others[child.#place] = last
    last.#place = child.#place
  }
}
