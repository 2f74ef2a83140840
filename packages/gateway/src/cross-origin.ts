import { banyanError } from '@banyan/errors'
import type { FastifyInstance } from 'fastify'
import type { CorsOptions } from './options.js'
import { addVary } from './responses.js'

const preflightSeconds = 600
const allowedHeaders = 'authorization, content-type, idempotency-key, traceparent, tracestate, x-correlation-id'
const exposedHeaders = 'retry-after, traceparent, x-correlation-id'

/**
 * Lets pages of the given origins call the gateway (the CORS protocol of the Fetch standard).
 * @throws `invalid-config` for all origins with credentials, which browsers refuse too
 */
export function crossOrigin(app: FastifyInstance, { origins, credentials = false }: CorsOptions): void {
  if (origins === 'all' && credentials) {
    throw banyanError(
      'invalid-config',
      {},
      { details: { where: 'gateway.cors', what: 'credentials need named origins' } },
    )
  }
  const allowed = origins === 'all' ? undefined : new Set(origins)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (allowed !== undefined) addVary(reply, 'origin')
    if (origin === undefined || allowed?.has(origin) === false) return done()
    reply.header('access-control-allow-origin', allowed === undefined ? '*' : origin)
    reply.header('access-control-expose-headers', exposedHeaders)
    if (credentials) reply.header('access-control-allow-credentials', 'true')
    const method = request.headers['access-control-request-method']
    if (request.method !== 'OPTIONS' || method === undefined) return done()
    reply.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
    reply.header('access-control-allow-headers', allowedHeaders)
    reply.header('access-control-max-age', String(preflightSeconds))
    reply.code(204).send()
  })
}
