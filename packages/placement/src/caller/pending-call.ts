import { type BanyanError, banyanError } from '@banyan/errors'
import { type CallScope, type Envelope, failed, type Outcome, type TravelContext } from '@banyan/runtime'
import type { Provider } from '../directory/directory.js'
import type { CallItem } from '../frames/call-frame.js'
import type { Numbered } from '../number-table.js'
import type { Callee } from './callees.js'

/** So much earlier than the caller the callee gives up, so that what became of a command is told in time (P7). */
const mostMarginMs = 25

/** A call on its way: what is sent of it, and who waits for it. */
export class PendingCall implements CallItem, Numbered<PendingCall> {
  readonly kind: 'command' | 'query'
  /** Of a command; that of a query is derived where it runs. */
  readonly id: string | undefined
  readonly caller: string | undefined
  readonly travel: TravelContext
  readonly input: string | undefined
  readonly callee: Callee
  readonly envelope: Envelope
  readonly scope: CallScope
  /** Of what it holds while it waits. */
  readonly bytes: number
  readonly settle: (outcome: Outcome) => void
  /** Set when it was sent. */
  number = -1
  nextInTable: PendingCall | undefined
  provider: Provider | undefined
  sentAt = 0
  tries = 0
  done = false

  constructor(
    envelope: Envelope,
    scope: CallScope,
    callee: Callee,
    input: string | undefined,
    settle: (outcome: Outcome) => void,
  ) {
    this.kind = envelope.kind
    this.id = envelope.kind === 'command' ? envelope.id : undefined
    this.caller = envelope.caller
    this.travel = envelope.travel
    this.input = input
    this.callee = callee
    this.envelope = envelope
    this.scope = scope
    this.bytes = input === undefined ? 0 : input.length
    this.settle = settle
  }

  get remainingMs(): number {
    const left = this.scope.remainingMs()
    return left === Number.POSITIVE_INFINITY ? left : left - Math.min(mostMarginMs, left / 10)
  }

  get isSent(): boolean {
    return this.number >= 0
  }

  sent(number: number, at: number): void {
    this.number = number
    this.sentAt = at
    if (this.kind === 'query') return
    this.scope.elsewhere = true
    // It can come again, through a retry or a second delivery: its outcome is recorded (P4).
    ;(this.envelope as { repeatable: boolean }).repeatable = true
  }

  /** Nobody took it. */
  returned(): void {
    this.number = -1
    this.provider = undefined
    this.scope.elsewhere = false
  }

  unavailable(): Outcome {
    return failed(banyanError('unavailable', { what: `module ${this.envelope.module}` }))
  }

  /** What is known of a call without a reply (P6). */
  lost(): Outcome {
    return this.isSent && this.kind === 'command' ? failed(this.#unknown()) : this.unavailable()
  }

  /** What is known of it when its scope ends. */
  ended(): Outcome {
    const end = this.scope.ended ?? 'cancelled'
    if (end === 'deadline-exceeded' && this.isSent && this.kind === 'command') return failed(this.#unknown())
    return failed(banyanError(end, { operation: this.callee.name }))
  }

  #unknown(): BanyanError {
    return banyanError('outcome-unknown', { operation: this.callee.name })
  }
}
