import type { FastifyPluginCallback } from 'fastify'
import { createApp } from './app.js'
import type { Edge } from './edge.js'
import { createFetchHandler, type FetchHandler } from './fronts/fetch.js'
import { closeWithin, type Listening, listen } from './fronts/listener.js'
import { createNodeHandler, type NodeHandler } from './fronts/node-handler.js'
import { createPlugin } from './fronts/plugin.js'
import { createInFlight } from './limits/in-flight.js'
import { defaultLimits } from './limits/limits.js'
import { createHttpMetrics } from './metrics/http-metrics.js'
import type { GatewayOptions } from './options.js'
import { planRoutes } from './routes/table.js'
import { createTraceSource } from './trace-context/request-trace.js'

/** The HTTP edge of an app: one table of routes, several fronts. */
export interface Gateway {
  /**
   * Listens on the host and port of the options.
   * @throws `port-in-use`
   */
  listen(): Promise<Listening>
  /** /readyz says from now on that this process is not ready; everything else goes on. `close` begins with it. */
  drain(): void
  /**
   * Takes no new connections, ends idle ones, lets requests under way finish until the deadline (default:
   * `limits.closeDeadlineMs`), then cuts the rest. Idempotent.
   */
  close(deadlineMs?: number): Promise<void>
  /** For a Fastify application that exists already: `await fastify.register(gateway.plugin, { prefix: '/api' })`. */
  readonly plugin: FastifyPluginCallback
  /** For node:http and as middleware of Express: `express().use('/api', gateway.handler)`; what fits no route goes to `next`. */
  readonly handler: NodeHandler
  /** For web-standard hosts: `export const GET = (request) => gateway.fetch(request, { prefix: '/api' })`. */
  readonly fetch: FetchHandler
}

/**
 * Makes the gateway of a running app. Nothing listens before `listen`.
 * @throws `invalid-app` with every route that is taken twice, cannot be read, or cannot carry its input
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { runtime, ambient, log } = options
  const served = options.serves === 'health' ? [] : [...runtime.contracts.values()]
  const table = planRoutes(runtime.app, served, options.routes ?? [])
  const limits = { ...defaultLimits, ...options.limits }
  const edge: Edge = {
    runtime,
    ambient,
    log,
    limits,
    inFlight: createInFlight(limits.inFlight),
    metrics: createHttpMetrics(),
    traces: createTraceSource(ambient),
    identify: options.identify,
    challenge: options.challenge ?? 'Bearer',
    crossOrigin: options.cors !== undefined,
    requestLog: options.requestLog ?? false,
    draining: false,
  }
  const app = createApp(edge, table, options)
  const handler = createNodeHandler(app)
  let closed: Promise<void> | undefined
  return {
    listen: () => listen(app, limits, options.host ?? '127.0.0.1', options.port ?? 3000),
    drain() {
      edge.draining = true
    },
    close(deadlineMs = limits.closeDeadlineMs) {
      edge.draining = true
      closed ??= closeWithin(app, ambient, deadlineMs)
      return closed
    },
    plugin: createPlugin(handler),
    handler,
    fetch: createFetchHandler(handler),
  }
}
