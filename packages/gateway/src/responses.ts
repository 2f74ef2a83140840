import { type BanyanError, type ErrorData, errorData } from '@banyan/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { compressed } from './compression/compression.js'
import type { Edge } from './edge.js'
import { problemDocument, problemMediaType, retryAfterSeconds } from './problem/problem.js'

const jsonMediaType = 'application/json; charset=utf-8'
// For one caller at one moment, and to be read as what it says it is.
const cacheControl = 'no-store'
const contentTypeOptions = 'nosniff'

/** The headers that every response carries. */
export function commonHeaders(edge: Edge, { exchange }: FastifyRequest, reply: FastifyReply): void {
  reply.header('traceparent', exchange.trace.traceparent)
  reply.header('cache-control', cacheControl)
  reply.header('x-content-type-options', contentTypeOptions)
  if (exchange.correlationGiven) reply.header('x-correlation-id', exchange.correlationId)
  if (edge.draining) reply.header('connection', 'close')
}

/** Sends text; compresses it when the client can read that and it is worth it. */
export function sendText(edge: Edge, request: FastifyRequest, reply: FastifyReply, type: string, text: string): void {
  commonHeaders(edge, request, reply)
  reply.header('content-type', type)
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

/**
 * Sends the output of an operation. Small ones, which nearly all are, go straight to Node: the way through Fastify's
 * reply would cost as much as making them.
 */
export function sendJson(edge: Edge, request: FastifyRequest, reply: FastifyReply, text: string): void {
  const { raw } = reply
  if (!isPlain(edge, request) || raw.statusCode !== 200 || text.length >= edge.limits.compressFromBytes) {
    sendText(edge, request, reply, jsonMediaType, text)
    return
  }
  reply.hijack()
  raw.writeHead(200, {
    traceparent: request.exchange.trace.traceparent,
    'cache-control': cacheControl,
    'x-content-type-options': contentTypeOptions,
    'content-type': jsonMediaType,
    'content-length': Buffer.byteLength(text),
  })
  raw.end(text)
}

/** Sends that an operation without output is done. */
export function sendDone(edge: Edge, request: FastifyRequest, reply: FastifyReply): void {
  commonHeaders(edge, request, reply)
  reply.code(204).send()
}

// Nothing but the common headers is to be sent.
const isPlain = (edge: Edge, { exchange }: FastifyRequest): boolean =>
  !edge.crossOrigin && !edge.draining && !exchange.correlationGiven

/** Sends an error as a problem (RFC 9457). */
export function sendProblem(edge: Edge, request: FastifyRequest, reply: FastifyReply, error: ErrorData): void {
  const { exchange } = request
  commonHeaders(edge, request, reply)
  reply.code(error.status)
  const wait = retryAfterSeconds(error, edge.limits.retryAfterMs)
  if (wait !== undefined) reply.header('retry-after', String(wait))
  if (error.status === 401) reply.header('www-authenticate', edge.challenge)
  // What is left of a body that is too large is not worth reading.
  if (error.status === 413) reply.header('connection', 'close')
  reply.header('content-type', problemMediaType)
  // As bytes, because to a text Fastify would add a charset that the media type does not define.
  reply.send(Buffer.from(JSON.stringify(problemDocument(error, exchange.correlationId))))
}

/** `sendProblem` for an error that was just made. */
export function refuse(edge: Edge, request: FastifyRequest, reply: FastifyReply, error: BanyanError): void {
  sendProblem(edge, request, reply, errorData(error))
}

/** Names one more request header that the response depends on. */
export function addVary(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? name : `${before}, ${name}`)
}
