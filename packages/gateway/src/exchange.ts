/**
 * One request and its response. Owns what has to be undone when they end: the place in flight, the call under way,
 * the figures. Fastify owns the reply itself.
 *
 * I1 What was entered is left exactly once, when the response closes, however it ends.
 * I2 The call is cancelled if and only if the client gave up: its connection ended before the response was complete.
 */
import type { ServerResponse } from 'node:http'
import type { Ambient } from '@banyan/ambient'
import type { ExternalCall, Identity } from '@banyan/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { connectionEnd } from './limits/connection-end.js'
import type { InFlight } from './limits/in-flight.js'
import { givenCorrelationId } from './trace-context/correlation.js'
import type { RequestTrace, TraceSource } from './trace-context/request-trace.js'

const clientGaveUp = 499

/** Is told once how a request ended: its status, 499 when the client gave up, and how long it took. */
export type Ended = (status: number, durationMs: number, exchange: Exchange) => void

export class Exchange {
  readonly trace: RequestTrace
  /** One id for all that this request causes: what the client gave, else the trace id. */
  readonly correlationId: string
  /** Whether the client chose the correlation id. */
  readonly correlationGiven: boolean
  identity: Identity | undefined
  #controller: AbortController | undefined
  #entered: InFlight | undefined

  constructor(ambient: Ambient, traces: TraceSource, request: FastifyRequest, reply: FastifyReply, ended: Ended) {
    const { headers } = request
    this.trace = traces(headers.traceparent, headers.tracestate)
    const given = givenCorrelationId(headers['x-correlation-id'])
    this.correlationGiven = given !== undefined
    this.correlationId = given ?? this.trace.traceId
    const startedAt = ambient.monotonic()
    const response = reply.raw
    // Emitted once; `once` would cost a wrapper for each request.
    response.on('close', () => {
      this.leave()
      if (!response.writableFinished) this.#controller?.abort()
      ended(response.writableFinished ? response.statusCode : clientGaveUp, ambient.monotonic() - startedAt, this)
    })
  }

  /** Aborts when the client gives up; may abort later too, when the connection ends after the response. */
  signal({ raw }: FastifyRequest, { raw: response }: FastifyReply): NonNullable<ExternalCall['signal']> {
    return connectionEnd(raw) ?? this.ownSignal(response)
  }

  /** Aborts when the client gives up, and never after a complete response. */
  ownSignal(response: ServerResponse): AbortSignal {
    this.#controller = new AbortController()
    if (response.destroyed || response.closed) this.#controller.abort()
    return this.#controller.signal
  }

  /** Takes a place in flight; false at the limit. */
  enter(inFlight: InFlight): boolean {
    if (!inFlight.enter()) return false
    this.#entered = inFlight
    return true
  }

  /** Gives the place back, at the latest when the response closes. */
  leave(): void {
    this.#entered?.leave()
    this.#entered = undefined
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the gateway when the request arrives. */
    exchange: Exchange
  }
}
