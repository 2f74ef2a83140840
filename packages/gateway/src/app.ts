import { banyanError } from '@banyan/errors'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { crossOrigin } from './cross-origin.js'
import { serveDocs } from './docs/docs.js'
import { beginExchange, type Edge } from './edge.js'
import { passOn } from './fronts/pass-on.js'
import { serveHealth } from './health/health.js'
import { acceptJson } from './input/json-body.js'
import { answerClientError } from './limits/client-error.js'
import { serveOpenApi } from './openapi/serve.js'
import type { GatewayOptions } from './options.js'
import { internalErrorData, knownErrorData } from './problem/error-data.js'
import { refuse, sendProblem } from './responses.js'
import { serveOperation } from './routes/operation.js'
import { createPathIndex, type PathIndex } from './routes/path-index.js'
import { serveRawRoutes } from './routes/raw.js'
import { healthPaths, ownPaths, type RouteTable } from './routes/table.js'
import { answerUnmatched } from './routes/unmatched.js'

/** The one Fastify application that all fronts lead to. */
export function createApp(edge: Edge, table: RouteTable, options: GatewayOptions): FastifyInstance {
  const { limits } = edge
  const app = fastify({
    logger: false,
    trustProxy: trusted(options.trustProxy),
    bodyLimit: limits.bodyBytes,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    // Requests that come while the gateway closes are answered; their connections end with the response.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
    },
    routerOptions: { maxParamLength: limits.urlBytes, ignoreTrailingSlash: false, caseSensitive: true },
    clientErrorHandler: answerClientError(edge.ambient, limits),
    frameworkErrors: (error, request, reply) => {
      beginExchange(edge, edge.metrics.route(request.method, 'unmatched'), request, reply)
      answerError(edge, error, request, reply)
    },
  })
  app.decorateRequest('exchange', null as never)
  acceptJson(app, limits.bodyBytes)
  app.setErrorHandler((error, request, reply) => answerError(edge, error, request, reply))
  // Before the scope of unknown paths, which takes over the hooks that are there when it is made.
  if (options.cors !== undefined) crossOrigin(app, options.cors)
  answerUnknownPaths(app, edge, indexPaths(table, options))
  for (const { module, operation } of table.operations) serveOperation(app, edge, module, operation)
  serveRawRoutes(app, edge, table.rawRoutes)
  serveHealth(app, edge)
  if (options.serves === 'health') return app
  serveOpenApi(app, edge, table)
  if (options.docs !== false) serveDocs(app, edge)
  return app
}

function trusted(trustProxy: GatewayOptions['trustProxy']): boolean | string | string[] {
  return typeof trustProxy === 'object' ? [...trustProxy] : (trustProxy ?? false)
}

function indexPaths(table: RouteTable, options: GatewayOptions): PathIndex {
  const index = createPathIndex()
  for (const { http } of [...table.operations, ...table.rawRoutes]) index.add(http.method, http.path)
  for (const path of ownPathsServed(options)) index.add('GET', path)
  return index
}

function ownPathsServed({ serves, docs }: GatewayOptions): readonly string[] {
  if (serves === 'health') return healthPaths
  return ownPaths.filter((path) => path !== '/docs' || docs !== false)
}

// In a hook, so that the body of a request that nobody takes is never read; in a scope, so that only such requests meet it.
function answerUnknownPaths(app: FastifyInstance, edge: Edge, index: PathIndex): void {
  app.register((scope, _options, done) => {
    scope.addHook('onRequest', (request, reply, _done) => {
      if (!passOn(request.raw, reply)) answerUnmatched(edge, index, request, reply)
    })
    scope.setNotFoundHandler((request, reply) => {
      refuse(edge, request, reply, banyanError('not-found', { what: `route ${request.url}` }))
    })
    done()
  })
}

function answerError(edge: Edge, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = knownErrorData(error, {
    contentType: request.headers['content-type'],
    limitBytes: request.routeOptions?.bodyLimit ?? edge.limits.bodyBytes,
  })
  if (known !== undefined) {
    sendProblem(edge, request, reply, known)
    return
  }
  const { correlationId } = request.exchange
  edge.log.error({ correlationId, err: error }, 'A request failed in a way that nobody foresaw')
  sendProblem(edge, request, reply, internalErrorData('the gateway', correlationId))
}
