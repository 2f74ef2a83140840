/**
 * The gateway's own server. Owns the listening socket; connections belong to Node, requests to Fastify.
 *
 * I1 Closing takes no new connection, lets requests under way end, and cuts what is left at the deadline.
 * I2 A client that takes nothing of a response that waits for it is cut, and so is one that has no request under way;
 *    one that merely waits for its response, or for events, is not.
 */
import type { Socket } from 'node:net'
import type { Ambient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import type { FastifyInstance } from 'fastify'
import type { GatewayLimits } from '../limits/limits.js'
import { responseUnderWay } from '../limits/response-under-way.js'

export interface Listening {
  readonly url: string
  readonly host: string
  readonly port: number
}

/** @throws `port-in-use` */
export async function listen(
  app: FastifyInstance,
  limits: GatewayLimits,
  host: string,
  port: number,
): Promise<Listening> {
  const { server } = app
  server.maxConnections = limits.connections
  // Node would drop further headers without a word; counting them is the gateway's own work.
  server.maxHeadersCount = 0
  server.setTimeout(limits.stalledTimeoutMs, endStalled)
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw code === 'EADDRINUSE' ? banyanError('port-in-use', { port, host }, { cause: error }) : error
  }
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return { url: `http://${urlHost(host)}:${taken}`, host, port: taken }
}

// I2: with a listener for it, Node leaves the socket to us when it was idle for that long, also between two requests.
function endStalled(socket: Socket): void {
  if (socket.writableLength > 0 || responseUnderWay(socket) === undefined) socket.destroy()
}

/** Ends the server (I1). */
export async function closeWithin(app: FastifyInstance, ambient: Ambient, deadlineMs: number): Promise<void> {
  const cancel = ambient.after(deadlineMs, () => app.server.closeAllConnections())
  try {
    await app.close()
  } finally {
    cancel()
  }
}

// Names for "every address" are for binding; whoever reads the URL is on this machine.
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
