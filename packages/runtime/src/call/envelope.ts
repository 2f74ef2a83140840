import type { ErrorData } from '@banyan/errors'

/** Who calls: set at the edge, travels with every call and event (P7). Never a secret. */
export interface Identity {
  readonly subject: string
  readonly permissions: readonly string[]
  /** Further claims that handlers may read; I-JSON. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** What travels with every call and event (P7), apart from deadline and cancellation. */
export interface TravelContext {
  /** One id for all that one request from outside caused. */
  readonly correlationId: string
  /** Id of the command or event that caused this one. */
  readonly causationId?: string
  /** W3C trace context. */
  readonly traceparent?: string
  readonly tracestate?: string
  readonly identity?: Identity
}

/** A call as it is delivered to a module, wherever that module runs. */
export interface Envelope {
  readonly kind: 'command' | 'query'
  readonly module: string
  readonly operation: string
  /** The portable form; not yet validated by the callee. */
  readonly input: unknown
  /** The command id (P4). Computed when it is first read: most calls never need it. */
  readonly id: string
  /**
   * Whether the same id may be presented again, so that the outcome must be recorded (delivery.md C4): true for ids
   * given from outside and for all that runs under a repeatable parent.
   */
  readonly repeatable: boolean
  /** The calling module; absent for a call from outside. */
  readonly caller?: string
  readonly travel: TravelContext
}

/** What tells that a caller gave up: an `AbortSignal`, or as much of one as is needed, which costs a tenth. */
export interface Cancellation {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export type ScopeEnd = 'deadline-exceeded' | 'cancelled'

/** Deadline and cancellation of one call, and of all that it calls. */
export interface CallScope {
  /** Why it ended early, if it did. */
  readonly ended: ScopeEnd | undefined
  /** Set while a command of it is under way in another process: at its deadline its outcome may be unknown. */
  elsewhere: boolean
  /** Set for good when an attempt at it ended and nobody knows whether it took effect (P6). */
  unknown: boolean
  /** Aborts at the deadline, when the caller gives up, and when the handler that made the call ends. */
  readonly signal: AbortSignal
  /** Milliseconds left, never more than the caller has; Infinity without a deadline. */
  remainingMs(): number
  /** Tells once when the scope ends early. Costs a tenth of a listener on the signal. */
  onEnd(listener: (end: ScopeEnd) => void): void
}

/** What comes back: a value in the portable form, or an error as data (P6). */
export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorData }

/**
 * Makes of an outcome what the caller's promise gives; what it throws rejects that promise. It may run in the async context
 * of the callee, so it calls no code of a module.
 */
export interface Receiver<Answer> {
  receive(outcome: Outcome): Answer
}

/**
 * The placement seam: deliver this envelope to that module, give me its outcome as the receiver makes it. The receiver is
 * asked once, and the promise is the only one of the call: one that follows it is a turn of the queue more.
 */
export interface Placement {
  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer>
}
