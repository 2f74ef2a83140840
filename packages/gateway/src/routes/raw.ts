import type { IncomingMessage } from 'node:http'
import { pipeline, Readable, Transform } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Edge } from '../edge.js'
import type { Exchange } from '../exchange.js'
import { mountedAt } from '../fronts/mount.js'
import { parsedBefore, tooLarge } from '../input/body-bytes.js'
import { commonHeaders, refuse } from '../responses.js'
import { accessRefusal } from './access.js'
import { arrival, overloaded } from './arrival.js'
import { toRouterPath } from './router-path.js'
import type { PlannedRawRoute } from './table.js'

// Headers of one connection, which mean nothing on another one (RFC 9110, 7.6.1); the body's length is found anew.
const connectionHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

/** Serves the raw routes of modules: web requests in, web responses out, streams both ways. */
export function serveRawRoutes(app: FastifyInstance, edge: Edge, routes: readonly PlannedRawRoute[]): void {
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    // The handler reads the body itself, whatever its type.
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    for (const route of routes) serveRawRoute(scope, edge, route)
    done()
  })
}

function serveRawRoute(scope: FastifyInstance, edge: Edge, { module, route, access, http }: PlannedRawRoute): void {
  scope.route({
    method: http.method,
    url: toRouterPath(http.path),
    bodyLimit: edge.limits.rawBodyBytes,
    onRequest: arrival(edge, http, ({ exchange }) => accessRefusal(`${module} ${route}`, access, exchange.identity)),
    async handler(request, reply) {
      const { exchange } = request
      if (!exchange.enter(edge.inFlight)) return refuse(edge, request, reply, overloaded(edge))
      const body = boundedBody(request, edge.limits.rawBodyBytes)
      try {
        const { trace, identity, correlationId } = exchange
        const signal = exchange.ownSignal(reply.raw)
        const response = await edge.runtime.route(module, route, webRequest(request, body.stream, signal), {
          correlationId,
          traceparent: trace.traceparent,
          signal,
          ...(trace.tracestate === undefined ? {} : { tracestate: trace.tracestate }),
          ...(identity === undefined ? {} : { identity }),
        })
        sendResponse(edge, exchange, reply, response)
      } catch (error) {
        // A handler that read too far only sees its stream fail; the client is told why.
        throw body.refusal() ?? error
      }
      return reply
    },
  })
}

function boundedBody(
  request: FastifyRequest,
  limitBytes: number,
): { stream: Readable | undefined; refusal(): BanyanError | undefined } {
  let refusal: BanyanError | undefined
  if (request.method === 'GET' || request.method === 'HEAD') return { stream: undefined, refusal: () => undefined }
  let bytes = 0
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes <= limitBytes) return done(null, chunk)
      refusal = tooLarge(limitBytes)
      done(refusal)
    },
  })
  // The error reaches whoever reads; without a reader there is nobody to tell, and nothing to do.
  pipeline(bodyStream(request.raw), bound, () => undefined)
  return { stream: bound, refusal: () => refusal }
}

// A raw route asks for the bytes; what middleware made of them can only be written again.
function bodyStream(request: IncomingMessage): Readable {
  const before = parsedBefore(request)
  if (before === undefined) return request
  return Readable.from([
    Buffer.isBuffer(before) ? before : Buffer.from(typeof before === 'string' ? before : JSON.stringify(before)),
  ])
}

function webRequest(request: FastifyRequest, body: Readable | undefined, signal: AbortSignal): Request {
  const headers = new Headers()
  const { rawHeaders } = request.raw
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    if (!connectionHeaders.has(name)) headers.append(name, rawHeaders[index + 1] as string)
  }
  const init: RequestInit & { duplex: 'half' } = { method: request.method, headers, signal, duplex: 'half' }
  if (body !== undefined) init.body = Readable.toWeb(body) as unknown as ReadableStream
  return new Request(requestUrl(request), init)
}

function requestUrl(request: FastifyRequest): URL {
  const base = `${request.protocol}://${request.host === '' ? 'localhost' : request.host}`
  const path = `${mountedAt(request.raw)}${request.url}`
  // Parsed apart from the base, since a path that begins with two slashes would otherwise name a host.
  if (!URL.canParse(base)) throw banyanError('invalid-request', { summary: 'the Host header is not a host' })
  const url = new URL(base)
  const mark = path.indexOf('?')
  url.pathname = mark < 0 ? path : path.slice(0, mark)
  url.search = mark < 0 ? '' : path.slice(mark)
  return url
}

function sendResponse(edge: Edge, exchange: Exchange, reply: FastifyReply, response: Response): void {
  reply.code(response.status)
  commonHeaders(edge, reply.request, reply)
  // What the handler says about caching and the like stands above the gateway's own headers.
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie' && !connectionHeaders.has(name)) reply.header(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  const { body } = response
  if (body === null || reply.request.method === 'HEAD') {
    // Nobody will read it; how it ends does not matter to the answer.
    body?.cancel().catch(() => undefined)
    reply.send()
    return
  }
  // A stream may last for hours (server-sent events); it is bounded by the limit of connections, not by this one.
  exchange.leave()
  reply.send(Readable.fromWeb(body as unknown as NodeReadableStream))
  // Without waiting for the first chunk: the headers tell a browser that its event source is open.
  reply.raw.flushHeaders()
}
