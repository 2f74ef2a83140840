import type { Envelope, TravelContext } from '@banyan/runtime'

/** The same call again, under the same id (P4), with an input of its own: who delivers it may put another in its place. */
export class RepeatEnvelope implements Envelope {
  readonly kind: 'command' | 'query'
  readonly module: string
  readonly operation: string
  readonly input: unknown
  readonly repeatable: boolean
  readonly caller?: string
  readonly #first: Envelope

  constructor(first: Envelope, input: unknown) {
    this.kind = first.kind
    this.module = first.module
    this.operation = first.operation
    this.input = input
    this.repeatable = first.repeatable
    if (first.caller !== undefined) this.caller = first.caller
    this.#first = first
  }

  get id(): string {
    return this.#first.id
  }

  get travel(): TravelContext {
    return this.#first.travel
  }
}
