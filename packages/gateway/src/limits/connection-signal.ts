import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

// With the socket, so that it lives as long as the connection; by a registered symbol, as everything that marks foreign objects.
const key = Symbol.for('banyan.gateway.connection')

type Marked = Socket & { [key]?: AbortController }

/**
 * Aborts when the connection of a request ends. One signal serves all requests of a connection: making one for each
 * costs a tenth of a small request, and over HTTP/1 a client has no other way of giving up than to close.
 * `undefined` where requests and connections end apart (HTTP/2, requests that came by no connection).
 */
export function connectionSignal(request: IncomingMessage): AbortSignal | undefined {
  const socket = request.socket as Marked
  if (request.httpVersionMajor !== 1 || !(socket instanceof Socket)) return undefined
  const existing = socket[key]
  if (existing !== undefined) return existing.signal
  const controller = new AbortController()
  // As many listeners as requests that a client sends in a row without waiting.
  setMaxListeners(0, controller.signal)
  socket[key] = controller
  if (socket.destroyed) controller.abort()
  else socket.once('close', () => controller.abort())
  return controller.signal
}
