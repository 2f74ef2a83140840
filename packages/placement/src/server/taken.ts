import type { Ambient } from '@banyan/ambient'
import { type Cancellation, deriveId, type Envelope, type TravelContext } from '@banyan/runtime'
import type { CallItem } from '../frames/call-frame.js'
import type { Numbered } from '../number-table.js'

/** A call that was taken from the broker, as the dispatcher takes it. */
export class TakenEnvelope implements Envelope {
  readonly kind: 'command' | 'query'
  readonly module: string
  readonly operation: string
  readonly input: unknown
  readonly repeatable: boolean
  readonly caller?: string
  readonly travel: TravelContext
  readonly #ambient: Ambient
  #id: string | undefined

  constructor(ambient: Ambient, module: string, operation: string, call: CallItem, input: unknown) {
    this.kind = call.kind
    this.module = module
    this.operation = operation
    this.input = input
    this.repeatable = call.kind === 'command'
    if (call.caller !== undefined) this.caller = call.caller
    this.travel = call.travel
    this.#ambient = ambient
    this.#id = call.id
  }

  /** That of a query is the one that its caller would have derived here (C1); from outside the modules any will do. */
  get id(): string {
    const { causationId } = this.travel
    this.#id ??=
      this.caller === undefined || causationId === undefined
        ? this.#ambient.newId()
        : deriveId(causationId, `${this.module}.${this.operation}`, 0)
    return this.#id
  }
}

/** What tells a call that was taken from the broker that its caller gave up. */
export class CallerGone implements Cancellation, Numbered<CallerGone> {
  aborted = false
  /** Where its caller hears replies, and how that one numbers the call. */
  readonly token: string
  readonly number: number
  nextInTable: CallerGone | undefined
  #listener: (() => void) | undefined

  constructor(token: string, number: number) {
    this.token = token
    this.number = number
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    this.#listener?.()
  }
}
