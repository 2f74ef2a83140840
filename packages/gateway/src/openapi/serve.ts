import type { FastifyInstance } from 'fastify'
import { beginExchange, type Edge } from '../edge.js'
import { mountedAt } from '../fronts/mount.js'
import { sendText } from '../responses.js'
import type { RouteTable } from '../routes/table.js'
import { openApiDocument } from './document.js'

/** `/openapi.json`: made when first asked for, and again when asked for under another mount path. */
export function serveOpenApi(app: FastifyInstance, edge: Edge, table: RouteTable): void {
  const { runtime } = edge
  const metrics = edge.metrics.route('GET', '/openapi.json')
  let made: { readonly basePath: string; readonly text: string } | undefined
  app.route({
    method: 'GET',
    url: '/openapi.json',
    onRequest(request, reply, done) {
      beginExchange(edge, metrics, request, reply)
      done()
    },
    handler(request, reply) {
      const basePath = mountedAt(request.raw)
      if (made?.basePath !== basePath) {
        const document = openApiDocument(runtime.app, runtime.contracts.values(), table, basePath)
        made = { basePath, text: JSON.stringify(document) }
      }
      sendText(edge, request, reply, 'application/json; charset=utf-8', made.text)
    },
  })
}
