import type { Ambient } from '@banyan/ambient'
import type { Runtime } from '@banyan/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Ended, Exchange } from './exchange.js'
import type { InFlight } from './limits/in-flight.js'
import type { GatewayLimits } from './limits/limits.js'
import type { HttpMetrics, RouteMetrics } from './metrics/http-metrics.js'
import type { GatewayLog, GatewayOptions } from './options.js'
import type { TraceSource } from './trace-context/request-trace.js'

/** What every route of one gateway shares. */
export interface Edge {
  readonly runtime: Runtime
  readonly ambient: Ambient
  readonly log: GatewayLog
  readonly limits: GatewayLimits
  readonly inFlight: InFlight
  readonly metrics: HttpMetrics
  readonly traces: TraceSource
  readonly identify: GatewayOptions['identify']
  readonly challenge: string
  /** Whether pages of other origins may call, so that responses carry headers about it. */
  readonly crossOrigin: boolean
  /** Whether every request is written to the log. */
  readonly requestLog: boolean
  /** True from the moment the gateway closes: every response then ends its connection. */
  draining: boolean
}

/** Begins the exchange of a request: its trace and its figures. */
export function beginExchange(
  edge: Edge,
  metrics: RouteMetrics,
  request: FastifyRequest,
  reply: FastifyReply,
): Exchange {
  const ended = edge.requestLog ? logged(edge, metrics) : metrics.observe
  const exchange = new Exchange(edge.ambient, edge.traces, request, reply, ended)
  request.exchange = exchange
  return exchange
}

// The pattern, not the path: ids of people do not belong in a log that nobody asked them about.
function logged({ log }: Edge, { name, observe }: RouteMetrics): Ended {
  return (status, durationMs, { correlationId }) => {
    observe(status, durationMs)
    log.info({ status, durationMs: Math.round(durationMs * 10) / 10, correlationId }, `${name} ${status}`)
  }
}
