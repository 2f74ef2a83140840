import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { ExternalCall } from '@banyan/runtime'

type Cancellation = NonNullable<ExternalCall['signal']>

// With the socket, so that it lives as long as the connection; by a registered symbol, as everything that marks foreign objects.
const key = Symbol.for('banyan.gateway.connection')

type Marked = Socket & { [key]?: ConnectionEnd }

/**
 * Tells when the connection of a request ends. One serves all requests of a connection, and it is no AbortSignal:
 * making one for each request, or listening to one, costs as much as a tenth of a small request; and over HTTP/1 a
 * client has no other way of giving up than to close.
 * `undefined` where requests and connections end apart (HTTP/2, requests that came by no connection).
 */
export function connectionEnd(request: IncomingMessage): Cancellation | undefined {
  const socket = request.socket as Marked
  if (request.httpVersionMajor !== 1 || !(socket instanceof Socket)) return undefined
  const existing = socket[key]
  if (existing !== undefined) return existing
  const end = new ConnectionEnd()
  socket[key] = end
  if (socket.destroyed) end.happen()
  else socket.once('close', () => end.happen())
  return end
}

class ConnectionEnd implements Cancellation {
  aborted = false
  // One request after the other is the usual case, and a set costs more than all else here.
  #only: (() => void) | undefined
  /** Of requests that a client sent in a row without waiting. Each leaves when its call has ended. */
  #others: Set<() => void> | undefined

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted) return
    if (this.#only === undefined) {
      this.#only = listener
      return
    }
    this.#others ??= new Set()
    this.#others.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#only === listener) this.#only = undefined
    else this.#others?.delete(listener)
  }

  happen(): void {
    this.aborted = true
    const listeners = [...(this.#only === undefined ? [] : [this.#only]), ...(this.#others ?? [])]
    this.#only = undefined
    this.#others = undefined
    for (const listener of listeners) listener()
  }
}
