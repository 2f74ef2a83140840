import { banyanError, errorData, isBanyanError } from '@banyan/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { beginExchange, type Edge } from '../edge.js'
import { exposition, expositionMediaType } from '../metrics/exposition.js'
import { refuse, sendJson, sendProblem, sendText } from '../responses.js'

/**
 * `/healthz`, `/readyz` and `/metrics`: for probes and scrapers, so they ask for no identity and take no place in
 * flight; a gateway that is full must still be able to say so.
 */
export function serveHealth(app: FastifyInstance, edge: Edge): void {
  const check = sharedCheck(edge)
  serve(app, edge, '/healthz', (request, reply) => {
    const report = edge.runtime.health()
    if (report.state === 'stopped') reply.code(503)
    sendJson(edge, request, reply, JSON.stringify(report))
  })
  serve(app, edge, '/readyz', (request, reply) => {
    if (edge.draining) return refuse(edge, request, reply, banyanError('unavailable', { what: 'This process' }))
    check().then(
      () => sendJson(edge, request, reply, JSON.stringify({ ready: true })),
      (error: unknown) => {
        const why = isBanyanError(error) ? error : banyanError('unavailable', { what: 'The app' })
        // Whatever is missing, a load balancer must read: not now.
        sendProblem(edge, request, reply, { ...errorData(why), status: 503 })
      },
    )
  })
  serve(app, edge, '/metrics', (request, reply) => {
    const all = [...edge.runtime.metrics(), ...edge.metrics.snapshot(edge.inFlight.count)]
    sendText(edge, request, reply, expositionMediaType, exposition(all))
  })
}

function serve(
  app: FastifyInstance,
  edge: Edge,
  path: string,
  handler: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  const metrics = edge.metrics.route('GET', path)
  app.route({
    method: 'GET',
    url: path,
    onRequest(request, reply, done) {
      beginExchange(edge, metrics, request, reply)
      done()
    },
    handler,
  })
}

// Anybody may ask, so however many ask at once, the app is checked by one at a time.
function sharedCheck(edge: Edge): () => Promise<void> {
  let underWay: Promise<void> | undefined
  return () => {
    underWay ??= edge.runtime.check().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}
