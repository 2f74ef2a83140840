import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The response that a connection is working on. Node keeps it with the socket and asks it the same questions before
 * it times out or answers by itself; there is no public name for it.
 */
export function responseUnderWay(socket: Socket): ServerResponse | undefined {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}
