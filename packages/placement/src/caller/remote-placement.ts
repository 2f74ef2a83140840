import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError, isBanyanError } from '@banyan/errors'
import type { App } from '@banyan/module'
import { type CallScope, type Envelope, failed, type Outcome, type Placement, type Receiver } from '@banyan/runtime'
import type { Directory, Provider } from '../directory/directory.js'
import { type Every, once } from '../directory/every.js'
import { writeCancel } from '../frames/call-frame.js'
import { frameLimits } from '../frames/limits.js'
import type { RepliesFrame } from '../frames/reply-frame.js'
import { FrameWriter } from '../frames/writer.js'
import { NumberTable } from '../number-table.js'
import { Callees } from './callees.js'
import { Outboxes } from './outboxes.js'
import { PendingCall } from './pending-call.js'
import { type CallLimits, type CallWire, defaultCallLimits, type ReplicaChooser } from './wire.js'

export interface RemoteOptions {
  readonly app: App
  readonly wire: CallWire
  readonly directory: Directory
  readonly ambient: Ambient
  readonly limits?: Partial<CallLimits>
  readonly chooser?: ReplicaChooser
}

/** How often a call that nobody took goes to the next process. */
const mostTries = 8

/**
 * Delivers to modules of other processes, and owns the calls on their way there.
 *
 * I1 Every call ends once: by its reply, its scope, the loss of the connection or of the process that has it.
 * I2 A call is sent again by itself only when the broker says that nobody took it; all else is for who asked (P6).
 * I3 A reply counts only from the module that was called: the broker lets only its service speak for it (P8).
 * I4 Calls and their bytes are bounded; beyond, `overloaded` at once (P9).
 */
export class RemotePlacement implements Placement {
  readonly #wire: CallWire
  readonly #directory: Directory
  readonly #ambient: Ambient
  readonly #limits: CallLimits
  readonly #chooser: ReplicaChooser | undefined
  readonly #callees: Callees
  readonly #outboxes: Outboxes
  /** Sent, by number. */
  readonly #sent = new NumberTable<PendingCall>()
  /** No process of their module is known yet. */
  readonly #waiting = new Map<PendingCall, Every>()
  readonly #given = new Map<string, number[]>()
  readonly #writer = new FrameWriter()
  readonly #unwatch: () => void
  #turn = 0
  #calls = 0
  #bytes = 0
  #meanMs = 5

  constructor(options: RemoteOptions) {
    this.#wire = options.wire
    this.#directory = options.directory
    this.#ambient = options.ambient
    this.#limits = { ...defaultCallLimits, ...options.limits }
    this.#chooser = options.chooser
    this.#callees = new Callees(options.app)
    this.#outboxes = new Outboxes(
      options.wire,
      this.#limits,
      (call, number) => {
        call.sent(number, this.#ambient.monotonic())
        this.#sent.add(call)
      },
      (call) =>
        this.#end(
          call,
          failed(
            banyanError('payload-too-large', {
              what: `the message of ${call.callee.name}`,
              limitBytes: options.wire.messageBytes,
            }),
          ),
        ),
    )
    this.#unwatch = this.#directory.onChange(() => this.#place())
  }

  /** Calls that have no outcome yet. */
  get underWay(): number {
    return this.#calls
  }

  versionFor(module: string): string | undefined {
    return this.#callees.versionFor(undefined, module)
  }

  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const callee = this.#callees.find(envelope)
    if (isBanyanError(callee)) return refuse(receiver, callee)
    const encoded = callee.encode(envelope.input)
    if ('error' in encoded) return refuse(receiver, encoded.error)
    if (scope.ended) return refuse(receiver, banyanError(scope.ended, { operation: callee.name }))
    if (!this.#wire.connected)
      return refuse(receiver, banyanError('unavailable', { what: `module ${envelope.module}` }))
    const { text } = encoded
    // I4
    if (this.#calls >= this.#limits.calls || this.#bytes + (text?.length ?? 0) > this.#limits.bytes) {
      const retryAfterMs = Math.ceil(this.#meanMs) + 1
      return refuse(
        receiver,
        banyanError('overloaded', { what: 'calls to other processes', retryAfterMs }, { details: { retryAfterMs } }),
      )
    }
    return new Promise((resolve, reject) => {
      const call = new PendingCall(envelope, scope, callee, text, (outcome) => {
        try {
          resolve(receiver.receive(outcome))
        } catch (error) {
          reject(error)
        }
      })
      this.#calls++
      this.#bytes += call.bytes
      scope.onEnd(() => this.#giveUp(call))
      this.#send(call)
    })
  }

  /** Takes a message of replies; `module` as the broker knows who sent it. */
  replied(module: string, { instance, replies }: RepliesFrame): void {
    for (const { number, outcome } of replies) {
      const call = this.#sent.get(number)
      // I3
      if (call?.envelope.module !== module) continue
      const tookMs = this.#ambient.monotonic() - call.sentAt
      this.#meanMs += (tookMs - this.#meanMs) * 0.05
      this.#chooser?.told(module, instance, outcome, tookMs)
      this.#end(call, outcome)
    }
  }

  /** The broker says that nobody listens where these calls were sent: nobody has taken them (I2). */
  nobody(module: string, first: number, count: number): void {
    for (let number = first; number < first + Math.min(count, frameLimits.items); number++) {
      const call = this.#sent.get(number)
      if (call?.envelope.module !== module || !call.provider) continue
      this.#directory.suspect(call.provider.instance)
      this.#sent.delete(call)
      call.provider.outstanding--
      call.returned()
      if (++call.tries >= mostTries) this.#end(call, call.unavailable())
      else this.#send(call)
    }
  }

  /** The broker does not let this process call the operation there. */
  forbidden(module: string, operation: string, instance: string): void {
    for (const call of this.#sent) {
      const { envelope, provider } = call
      if (envelope.module !== module || envelope.operation !== operation || provider?.instance !== instance) continue
      this.#end(call, failed(banyanError('access-denied', { operation: call.callee.name })))
    }
  }

  /** The connection to the broker broke: whatever was sent may have been taken. */
  lost(): void {
    for (const call of [...this.#outboxes.drop(), ...this.#sent, ...this.#waiting.keys()]) this.#end(call, call.lost())
  }

  /** A process will not answer any more. */
  gone(instance: string): void {
    for (const call of this.#sent) {
      if (call.provider?.instance !== instance) continue
      const outcome = call.lost()
      this.#chooser?.told(call.envelope.module, instance, outcome, this.#ambient.monotonic() - call.sentAt)
      this.#end(call, outcome)
    }
  }

  close(): void {
    this.#unwatch()
    this.lost()
  }

  #send(call: PendingCall): void {
    const { module } = call.envelope
    const provider = this.#choose(module, this.#directory.providers(module, call.callee.wanted))
    if (provider) {
      call.provider = provider
      provider.outstanding++
      this.#outboxes.add(provider, call)
      return
    }
    if (!this.#directory.mayCome(module, call.callee.wanted)) {
      this.#end(call, call.unavailable())
      return
    }
    this.#waiting.set(
      call,
      once(this.#limits.presenceMs, () => this.#end(call, call.unavailable())),
    )
  }

  #place(): void {
    for (const [call, timer] of this.#waiting) {
      if (this.#directory.providers(call.envelope.module, call.callee.wanted).length === 0) continue
      timer.end()
      this.#waiting.delete(call)
      this.#send(call)
    }
  }

  #choose(module: string, providers: readonly Provider[]): Provider | undefined {
    const count = providers.length
    if (count <= 1) return providers[0]
    const chosen = this.#chooser?.choose(
      module,
      providers.map(({ instance }) => instance),
    )
    if (chosen !== undefined) {
      const provider = providers.find(({ instance }) => instance === chosen)
      if (provider) return provider
    }
    // The one with the fewest of our calls; among equals in turn.
    const from = this.#turn++ % count
    let best = providers[from] as Provider
    for (let index = 1; index < count; index++) {
      const provider = providers[(from + index) % count] as Provider
      if (provider.outstanding < best.outstanding) best = provider
    }
    return best
  }

  /** Its scope ended before its reply came. */
  #giveUp(call: PendingCall): void {
    if (call.done) return
    if (call.isSent && call.scope.ended === 'cancelled') this.#tellGivenUp(call)
    this.#end(call, call.ended())
  }

  #tellGivenUp({ envelope, number }: PendingCall): void {
    if (this.#given.size === 0) setImmediate(() => this.#flushGivenUp())
    const numbers = this.#given.get(envelope.module)
    if (numbers) numbers.push(number)
    else this.#given.set(envelope.module, [number])
  }

  #flushGivenUp(): void {
    for (const [module, numbers] of this.#given)
      for (let from = 0; from < numbers.length; from += frameLimits.items) {
        const writer = this.#writer.reset()
        writeCancel(writer, { token: this.#wire.token, numbers: numbers.slice(from, from + frameLimits.items) })
        this.#wire.sendCancel(module, writer.take())
      }
    this.#given.clear()
  }

  /** I1 */
  #end(call: PendingCall, outcome: Outcome): void {
    if (call.done) return
    call.done = true
    this.#calls--
    this.#bytes -= call.bytes
    if (this.#waiting.size > 0) {
      this.#waiting.get(call)?.end()
      this.#waiting.delete(call)
    }
    if (call.isSent) this.#sent.delete(call)
    if (call.provider) call.provider.outstanding--
    if (call.isSent) call.scope.elsewhere = false
    call.settle(outcome)
  }
}

// Async, so that what the receiver throws rejects.
async function refuse<Answer>(receiver: Receiver<Answer>, error: BanyanError): Promise<Answer> {
  return receiver.receive(failed(error))
}
