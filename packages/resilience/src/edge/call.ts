import type { CallScope, Envelope, Outcome, Receiver } from '@banyan/runtime'
import type { Waiting } from '../parts/bulkhead.js'
import { Due } from '../parts/due-list.js'
import type { Attempt } from './attempt.js'
import type { Edge } from './edge.js'
import { RepeatEnvelope } from './repeat-envelope.js'
import { notKept, snapshot } from './snapshot.js'

/** An outcome that is an error. */
export type Failure = Extract<Outcome, { readonly ok: false }>

/**
 * A call over an edge with a policy, and the promise of its answer.
 *
 * I1 The receiver is asked once.
 * I2 A call of which some attempt may have taken effect never ends as if none had (P6).
 */
export class Call implements Waiting {
  readonly edge: Edge
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

  constructor(edge: Edge, envelope: Envelope, scope: CallScope, receiver: Receiver<unknown>) {
    this.edge = edge
    this.envelope = envelope
    this.scope = scope
    this.#receiver = receiver
    this.#input = edge.repeats ? snapshot(envelope.input) : notKept
    this.promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whether it can be made again with the input that it had. */
  get repeatable(): boolean {
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
