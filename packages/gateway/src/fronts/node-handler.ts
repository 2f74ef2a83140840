import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { passOnTo } from './pass-on.js'

/** Handles a request of node:http; as middleware of Connect and Express, what no route fits goes to `next`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

export function createNodeHandler(app: FastifyInstance): NodeHandler {
  let ready: PromiseLike<unknown> | true | undefined
  return (request, response, next) => {
    if (next !== undefined) passOnTo(request, () => next())
    if (ready === true) return app.routing(request, response)
    ready ??= app.ready().then(() => {
      ready = true
    })
    ready.then(() => app.routing(request, response), next ?? (() => response.destroy()))
  }
}
