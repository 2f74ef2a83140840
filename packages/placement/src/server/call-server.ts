import type { Ambient } from '@banyan/ambient'
import { banyanError, errorData, isBanyanError } from '@banyan/errors'
import { type Envelope, failed, type Logger, type Outcome } from '@banyan/runtime'
import { type CallsFrame, type NumberedCall, readCalls, readCancel } from '../frames/call-frame.js'
import { outcomeText } from '../frames/reply-frame.js'
import type { MeshHost } from '../mesh.js'
import { NumberTable } from '../number-table.js'
import { serviceOf, type Topology } from '../topology.js'
import type { ReplyOutbox, ReplyTo } from './reply-outbox.js'
import { CallerGone, TakenEnvelope } from './taken.js'

export interface CallServerOptions {
  readonly host: MeshHost
  readonly topology: Topology
  readonly logger: Logger
  readonly ambient: Ambient
  readonly replies: ReplyOutbox
  /** Bytes of messages that may be taken and not answered. Default 64 MiB. */
  readonly bytes?: number
  /** Bytes that wait to be sent to the broker; more is not taken then. */
  readonly backlog: () => number
}

/** Who speaks and to what, as the broker knows it from the subject. */
export interface CallSubject {
  readonly module: string
  readonly operation: string
  readonly service: string
}

const defaultBytes = 67_108_864
const retryAfterMs = 100

/**
 * Takes calls from other processes and hands them to the modules here.
 *
 * I1 The calling module is believed only of the service that hosts it; the service comes from the broker (P8).
 * I2 Whatever was taken is answered, garbled messages apart: nobody can tell what they ask (P9).
 * I3 What was taken and not answered is bounded in bytes; the limits of modules bound the rest (P9).
 */
export class CallServer {
  readonly #options: CallServerOptions
  readonly #bytesMost: number
  /** Calls under way, for those whose callers give up. */
  readonly #running = new NumberTable<CallerGone>()
  #bytes = 0
  #garbled = 0
  #idle: (() => void) | undefined

  constructor(options: CallServerOptions) {
    this.#options = options
    this.#bytesMost = options.bytes ?? defaultBytes
  }

  get underWay(): number {
    return this.#running.size
  }

  /** Messages that could not be read, since the start. */
  get garbled(): number {
    return this.#garbled
  }

  /** Takes a message of calls. Never throws. */
  take(subject: CallSubject, message: Uint8Array): void {
    const frame = readCalls(message)
    if (!frame) {
      this.garbledFrom(subject.service)
      return
    }
    const to: ReplyTo = { service: subject.service, module: subject.module, token: frame.token }
    // I3
    if (this.#bytes + message.length > this.#bytesMost || this.#options.backlog() > this.#bytesMost)
      this.#refuseAll(to, frame)
    else for (const call of frame.calls) this.#run(subject, to, call, message.length / frame.calls.length)
  }

  /** Answers a message of calls that its service may not make. Never throws. */
  refuse(subject: CallSubject, message: Uint8Array): void {
    const frame = readCalls(message)
    if (!frame) {
      this.garbledFrom(subject.service)
      return
    }
    const { module, operation, service } = subject
    const outcome = failed(banyanError('access-denied', { operation: `${module}.${operation}` }))
    for (const { number } of frame.calls) this.#answer({ service, module, token: frame.token }, number, outcome, false)
  }

  /** Callers gave up. */
  cancel(message: Uint8Array): void {
    const frame = readCancel(message)
    if (!frame) return
    const { token, numbers } = frame
    for (const number of numbers) this.#running.get(number, (gone) => gone.token === token)?.abort()
  }

  /** Resolves when all that was taken is answered. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  garbledFrom(service: string): void {
    if (this.#garbled++ === 0)
      this.#options.logger.warn(
        { service },
        'a message that cannot be read came from the broker; further ones are only counted',
      )
  }

  #run(subject: CallSubject, to: ReplyTo, call: NumberedCall, bytes: number): void {
    const envelope = this.#envelope(subject, call)
    if ('ok' in envelope) {
      this.#answer(to, call.number, envelope, false)
      return
    }
    const gone = this.#begin(to.token, call.number, bytes)
    this.#options.host.accept(envelope, { timeoutMs: call.remainingMs, signal: gone }).then(
      (outcome) => this.#ended(to, gone, bytes, outcome),
      (error: unknown) => this.#ended(to, gone, bytes, this.#fault(subject, error)),
    )
  }

  #begin(token: string, number: number, bytes: number): CallerGone {
    const gone = new CallerGone(token, number)
    this.#running.add(gone)
    this.#bytes += bytes
    return gone
  }

  #ended(to: ReplyTo, gone: CallerGone, bytes: number, outcome: Outcome): void {
    this.#running.delete(gone)
    this.#bytes -= bytes
    this.#answer(to, gone.number, outcome, this.#running.size === 0)
    if (this.#running.size === 0) this.#idle?.()
  }

  #answer(to: ReplyTo, number: number, outcome: Outcome, last: boolean): void {
    this.#options.replies.add(to, number, outcome.ok, outcomeText(outcome), last)
  }

  #refuseAll(to: ReplyTo, { calls }: CallsFrame): void {
    const error = banyanError(
      'overloaded',
      { what: `module ${to.module}`, retryAfterMs },
      { details: { retryAfterMs } },
    )
    for (const { number } of calls) this.#answer(to, number, failed(error), false)
  }

  /** The call as the dispatcher takes it, or why it is refused. */
  #envelope({ module, operation, service }: CallSubject, call: NumberedCall): Envelope | Outcome {
    const { caller } = call
    const refused = this.#refuse({ service, module, operation }, caller)
    if (refused) return refused
    let input: unknown
    try {
      input = call.input === undefined ? undefined : JSON.parse(call.input)
    } catch {
      const issues = [{ path: [], message: 'the input is no JSON' }]
      return failed(
        banyanError(
          'invalid-input',
          { operation: `${module}.${operation}`, summary: 'the input is no JSON' },
          { details: { issues } },
        ),
      )
    }
    return new TakenEnvelope(this.#options.ambient, module, operation, call, input)
  }

  /** I1. A service without the gateway speaks for its modules only. */
  #refuse({ service, module, operation }: CallSubject, caller: string | undefined): Outcome | undefined {
    const { topology } = this.#options
    const plan = topology.services.find(({ name }) => name === service)
    const may = caller === undefined ? plan !== undefined : caller !== module && serviceOf(topology, caller) === plan
    if (plan && may) return undefined
    return failed(banyanError('access-denied', { operation: `${module}.${operation}` }))
  }

  #fault({ module, operation }: CallSubject, error: unknown): Outcome {
    if (isBanyanError(error)) return { ok: false, error: errorData(error) }
    this.#options.logger.error({ err: error, module, operation }, 'a call from another process failed')
    return failed(banyanError('internal', { module, reference: `${module}.${operation}` }))
  }
}
