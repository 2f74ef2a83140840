import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import inject from 'light-my-request'
import { mountAt } from './mount.js'
import type { NodeHandler } from './node-handler.js'

export interface FetchOptions {
  /** Path prefix that the gateway is mounted at, for example `/api`; cut off before routing. Default: none. */
  readonly prefix?: string
}

export type FetchHandler = (request: Request, options?: FetchOptions) => Promise<Response>

const bodiless = new Set([101, 204, 205, 304])

/** Handles web requests, as Next, Hono and others pass them on; bodies are streamed both ways. */
export function createFetchHandler(handle: NodeHandler): FetchHandler {
  return async (request, { prefix = '' } = {}) => {
    const url = new URL(request.url)
    const { pathname } = url
    const path = pathname === prefix || pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname
    const answer = await inject(
      (incoming, outgoing) => {
        const raw = incoming as unknown as IncomingMessage
        const response = outgoing as unknown as ServerResponse
        mountAt(raw, prefix)
        // The client of a web request gives up through its signal; to Node that is a response that was cut off.
        if (request.signal.aborted) response.destroy()
        request.signal.addEventListener('abort', () => response.destroy(), { once: true })
        handle(raw, response)
      },
      {
        method: request.method as 'GET',
        url: `${path.startsWith('/') ? path : `/${path}`}${url.search}`,
        headers: { host: url.host, ...Object.fromEntries(request.headers) },
        payloadAsStream: true,
        ...(request.body === null ? {} : { payload: Readable.fromWeb(request.body as unknown as NodeReadableStream) }),
      },
    )
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, String(one))
    }
    const stream = answer.stream()
    if (bodiless.has(answer.statusCode) || request.method === 'HEAD') {
      stream.resume()
      return new Response(null, { status: answer.statusCode, headers })
    }
    return new Response(Readable.toWeb(stream) as unknown as ReadableStream, { status: answer.statusCode, headers })
  }
}
