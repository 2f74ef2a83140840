import type { Ambient } from '@banyan/ambient'
import { type BanyanError, type ErrorData, errorData } from '@banyan/errors'
import type { Runtime } from '@banyan/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { compressed } from './compression/compression.js'
import { type Ended, Exchange } from './exchange.js'
import type { InFlight } from './limits/in-flight.js'
import type { GatewayLimits } from './limits/limits.js'
import type { HttpMetrics, RouteMetrics } from './metrics/http-metrics.js'
import type { GatewayLog, GatewayOptions } from './options.js'
import { problemDocument, problemMediaType, retryAfterSeconds } from './problem/problem.js'

/** What every route of one gateway shares. */
export interface Edge {
  readonly runtime: Runtime
  readonly ambient: Ambient
  readonly log: GatewayLog
  readonly limits: GatewayLimits
  readonly inFlight: InFlight
  readonly metrics: HttpMetrics
  readonly identify: GatewayOptions['identify']
  readonly challenge: string
  /** Whether every request is written to the log. */
  readonly requestLog: boolean
  /** True from the moment the gateway closes: every response then ends its connection. */
  draining: boolean
}

/** Begins the exchange of a request: its trace, its figures, and the headers that every response carries. */
export function beginExchange(
  edge: Edge,
  metrics: RouteMetrics,
  request: FastifyRequest,
  reply: FastifyReply,
): Exchange {
  const ended = edge.requestLog ? logged(edge, metrics) : metrics.observe
  const exchange = new Exchange(edge.ambient, request, reply, ended)
  request.exchange = exchange
  reply.header('traceparent', exchange.trace.traceparent)
  // For one caller at one moment, and to be read as what it says it is.
  reply.header('cache-control', 'no-store')
  reply.header('x-content-type-options', 'nosniff')
  if (exchange.correlationGiven) reply.header('x-correlation-id', exchange.correlationId)
  if (edge.draining) reply.header('connection', 'close')
  return exchange
}

// The pattern, not the path: ids of people do not belong in a log that nobody asked them about.
function logged({ log }: Edge, { name, observe }: RouteMetrics): Ended {
  return (status, durationMs, { correlationId }) => {
    observe(status, durationMs)
    log.info({ status, durationMs: Math.round(durationMs * 10) / 10, correlationId }, `${name} ${status}`)
  }
}

/** Sends text; compresses it when the client can read that and it is worth it. */
export function sendText(edge: Edge, request: FastifyRequest, reply: FastifyReply, type: string, text: string): void {
  reply.header('content-type', type)
  if (edge.draining) reply.header('connection', 'close')
  // A text never has more characters than bytes, so a short one is settled without counting.
  if (text.length < edge.limits.compressFromBytes) {
    reply.send(text)
    return
  }
  addVary(reply, 'accept-encoding')
  const encoder = compressed(request.headers['accept-encoding'])
  if (encoder === undefined) {
    reply.send(text)
    return
  }
  encoder.compress(Buffer.from(text), (error, bytes) => {
    if (error !== null) reply.send(error)
    else reply.header('content-encoding', encoder.encoding).send(bytes)
  })
}

/** Names one more request header that the response depends on. */
export function addVary(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? name : `${before}, ${name}`)
}

/** Sends the data of an operation. */
export function sendJson(edge: Edge, request: FastifyRequest, reply: FastifyReply, text: string): void {
  sendText(edge, request, reply, 'application/json; charset=utf-8', text)
}

/** Sends an error as a problem (RFC 9457). */
export function sendProblem(edge: Edge, request: FastifyRequest, reply: FastifyReply, error: ErrorData): void {
  const { exchange } = request
  reply.code(error.status)
  const wait = retryAfterSeconds(error, edge.limits.retryAfterMs)
  if (wait !== undefined) reply.header('retry-after', String(wait))
  if (error.status === 401) reply.header('www-authenticate', edge.challenge)
  // What is left of a body that is too large is not worth reading.
  if (edge.draining || error.status === 413) reply.header('connection', 'close')
  reply.header('content-type', problemMediaType)
  // As bytes, because to a text Fastify would add a charset that the media type does not define.
  reply.send(Buffer.from(JSON.stringify(problemDocument(error, exchange.correlationId))))
}

/** `sendProblem` for an error that was just made. */
export function refuse(edge: Edge, request: FastifyRequest, reply: FastifyReply, error: BanyanError): void {
  sendProblem(edge, request, reply, errorData(error))
}
