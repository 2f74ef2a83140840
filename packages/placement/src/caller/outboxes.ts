import type { Provider } from '../directory/directory.js'
import { beginCalls, writeCall } from '../frames/call-frame.js'
import { FrameWriter } from '../frames/writer.js'
import type { PendingCall } from './pending-call.js'
import type { CallLimits, CallWire } from './wire.js'

interface Outbox {
  readonly provider: Provider
  readonly operation: string
  calls: PendingCall[]
  /** Whether it is among those that leave at the end of the tick. */
  waits: boolean
}

const mostNumber = 0xffffffff

/**
 * Gathers the calls of one tick: those for the same operation of the same process share a message, which leaves at the end of
 * the tick, or as soon as it is full, so that the callee works while the caller goes on. While fewer are on their way there than
 * fill a message, each leaves at once: there is no queue to shorten. A call is given its number when it is sent, so that the
 * calls of a message are numbered in a row and the broker can give them back by that.
 */
export class Outboxes {
  readonly #wire: CallWire
  readonly #limits: CallLimits
  readonly #sent: (call: PendingCall, number: number) => void
  readonly #tooLarge: (call: PendingCall) => void
  readonly #boxes = new WeakMap<Provider, Map<string, Outbox>>()
  readonly #writer = new FrameWriter()
  #waiting: Outbox[] = []
  #next = 1

  constructor(
    wire: CallWire,
    limits: CallLimits,
    sent: (call: PendingCall, number: number) => void,
    tooLarge: (call: PendingCall) => void,
  ) {
    this.#wire = wire
    this.#limits = limits
    this.#sent = sent
    this.#tooLarge = tooLarge
  }

  /** The call counts among the `outstanding` of the provider already. */
  add(provider: Provider, call: PendingCall): void {
    const box = this.#box(provider, call.envelope.operation)
    if (!box.waits) {
      // After all that runs in this turn of the loop: what arrived together leaves together.
      if (this.#waiting.length === 0) setImmediate(() => this.flush())
      box.waits = true
      this.#waiting.push(box)
    }
    box.calls.push(call)
    const { batchCalls } = this.#limits
    if (box.calls.length >= batchCalls || provider.outstanding < batchCalls) this.#empty(box)
  }

  /** Takes out all that was not sent. */
  drop(): readonly PendingCall[] {
    return this.#waiting.flatMap((box) => box.calls.splice(0))
  }

  flush(): void {
    const boxes = this.#waiting
    this.#waiting = []
    for (const box of boxes) {
      box.waits = false
      this.#empty(box)
    }
  }

  #box(provider: Provider, operation: string): Outbox {
    let boxes = this.#boxes.get(provider)
    if (!boxes) {
      boxes = new Map()
      this.#boxes.set(provider, boxes)
    }
    let box = boxes.get(operation)
    if (!box) {
      box = { provider, operation, calls: [], waits: false }
      boxes.set(operation, box)
    }
    return box
  }

  #empty(box: Outbox): void {
    const calls = box.calls.filter(({ done }) => !done)
    box.calls = []
    const { batchCalls, batchBytes } = this.#limits
    let from = 0
    while (from < calls.length) {
      let to = from
      let bytes = 0
      while (to < calls.length && to - from < batchCalls && (to === from || bytes < batchBytes))
        bytes += (calls[to++] as PendingCall).bytes
      this.#send(box, calls.slice(from, to))
      from = to
    }
  }

  #send(box: Outbox, calls: readonly PendingCall[]): void {
    if (this.#next + calls.length > mostNumber) this.#next = 1
    const first = this.#next
    const writer = this.#writer.reset()
    beginCalls(writer, this.#wire.token, calls.length)
    for (let index = 0; index < calls.length; index++) writeCall(writer, first + index, calls[index] as PendingCall)
    if (writer.length > this.#wire.messageBytes) {
      this.#split(box, calls)
      return
    }
    this.#next += calls.length
    for (let index = 0; index < calls.length; index++) this.#sent(calls[index] as PendingCall, first + index)
    this.#wire.sendCalls(box.provider, box.operation, first, calls.length, writer.take())
  }

  /** Inputs are within the limit, but what travels with them has none of its own. */
  #split(box: Outbox, calls: readonly PendingCall[]): void {
    if (calls.length === 1) this.#tooLarge(calls[0] as PendingCall)
    else for (const call of calls) this.#send(box, [call])
  }
}
