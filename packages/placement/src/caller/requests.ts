import { banyanError } from '@banyan/errors'
import { type Cancellation, rebuilt } from '@banyan/runtime'
import { type ResponseFrame, writeRequest } from '../frames/request-frame.js'
import { FrameWriter } from '../frames/writer.js'

/** To whom a request goes: any process with the module takes it. */
export type RequestTo =
  | { readonly kind: 'log'; readonly module: string; readonly operation: string }
  | { readonly kind: 'route'; readonly module: string; readonly version: string }
  /** That one process is asked. */
  | { readonly kind: 'lane'; readonly module: string; readonly instance: string }

/** What requests need of a broker. */
export interface RequestWire {
  readonly connected: boolean
  readonly token: string
  readonly messageBytes: number
  /** When nobody listens, the broker says so and `Requests.nobody` is to be told. */
  sendRequest(to: RequestTo, number: number, message: Uint8Array): void
}

export interface Request {
  readonly to: RequestTo
  /** For errors. */
  readonly what: string
  readonly head: unknown
  readonly body?: Uint8Array
  /** Told to who answers. */
  readonly remainingMs: number
  /** Whether the other side may have changed something when no answer comes. */
  readonly changes: boolean
  /** Runs when the time of the request is over; gives what ends that. */
  readonly after: (delayMs: number, task: () => void) => () => void
  readonly signal?: Cancellation | undefined
}

export interface Response {
  readonly head: unknown
  readonly body: Uint8Array
}

interface Pending {
  readonly request: Request
  readonly resolve: (response: Response) => void
  readonly fail: (error: Error) => void
  readonly release: () => void
}

const mostRequests = 1_024
const mostBytes = 67_108_864
const retryAfterMs = 100
const noBody = new Uint8Array(0)

/** Requests of this process that are no calls, on their way. Bounded like these (P9). */
export class Requests {
  readonly #wire: RequestWire
  readonly #pending = new Map<number, Pending>()
  readonly #writer = new FrameWriter()
  #next = 1
  #bytes = 0

  constructor(wire: RequestWire) {
    this.#wire = wire
  }

  get underWay(): number {
    return this.#pending.size
  }

  /** Rejects with a BanyanError. */
  ask(request: Request): Promise<Response> {
    const { what, body = noBody, signal } = request
    if (signal?.aborted) return Promise.reject(banyanError('cancelled', { operation: what }))
    if (!this.#wire.connected) return Promise.reject(banyanError('unavailable', { what }))
    if (this.#pending.size >= mostRequests || this.#bytes + body.length > mostBytes)
      return Promise.reject(
        banyanError('overloaded', { what: 'requests to other processes', retryAfterMs }, { details: { retryAfterMs } }),
      )
    const number = this.#next
    this.#next = number >= 0xffffffff ? 1 : number + 1
    const writer = this.#writer.reset()
    writeRequest(writer, {
      token: this.#wire.token,
      number,
      remainingMs: request.remainingMs,
      head: request.head,
      body,
    })
    if (writer.length > this.#wire.messageBytes)
      return Promise.reject(banyanError('payload-too-large', { what, limitBytes: this.#wire.messageBytes }))
    const message = writer.take()
    return new Promise((resolve, reject) => {
      this.#hold(number, request, body.length, resolve, reject)
      this.#wire.sendRequest(request.to, number, message)
    })
  }

  #hold(
    number: number,
    request: Request,
    bytes: number,
    resolve: (response: Response) => void,
    fail: (error: Error) => void,
  ): void {
    const { what, signal } = request
    const giveUp = (): void => this.#fail(number, banyanError('cancelled', { operation: what }))
    const cancelTimer = request.after(request.remainingMs, () =>
      this.#fail(number, banyanError(request.changes ? 'outcome-unknown' : 'deadline-exceeded', { operation: what })),
    )
    signal?.addEventListener('abort', giveUp, { once: true })
    this.#bytes += bytes
    const release = (): void => {
      this.#pending.delete(number)
      this.#bytes -= bytes
      cancelTimer()
      signal?.removeEventListener('abort', giveUp)
    }
    this.#pending.set(number, { request, resolve, fail, release })
  }

  /** Takes a response; `module` as the broker knows who sent it. */
  responded(module: string, response: ResponseFrame): void {
    const pending = this.#pending.get(response.number)
    if (pending?.request.to.module !== module) return
    pending.release()
    if (response.ok) pending.resolve(response)
    else pending.fail(rebuilt(response.error))
  }

  /** The broker says that nobody listens: it was not taken. */
  nobody(module: string, number: number): void {
    const pending = this.#pending.get(number)
    if (pending?.request.to.module !== module) return
    this.#fail(number, banyanError('unavailable', { what: pending.request.what }))
  }

  /** The connection broke. */
  lost(): void {
    for (const [number, { request }] of [...this.#pending])
      this.#fail(
        number,
        request.changes
          ? banyanError('outcome-unknown', { operation: request.what })
          : banyanError('unavailable', { what: request.what }),
      )
  }

  #fail(number: number, error: Error): void {
    const pending = this.#pending.get(number)
    pending?.release()
    pending?.fail(error)
  }
}
