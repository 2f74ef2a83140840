import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { passOnTo } from './pass-on.js'

/** Handles a request of node:http; as middleware of Connect and Express, what no route fits goes to `next`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

export function createNodeHandler(app: FastifyInstance): NodeHandler {
  let ready: PromiseLike<unknown> | true | undefined
  // A body that earlier middleware parsed is gone from the wire.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { body } = request.raw as IncomingMessage & { body?: unknown }
    if (body === undefined || !request.raw.readableEnded) done(null, payload)
    else done(null, replayed(body, request.raw))
  })
  return (request, response, next) => {
    if (next !== undefined) passOnTo(request, () => next())
    if (ready === true) return app.routing(request, response)
    ready ??= app.ready().then(() => {
      ready = true
    })
    ready.then(() => app.routing(request, response), next ?? (() => response.destroy()))
  }
}

function replayed(body: unknown, request: IncomingMessage): Readable {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const stream = Readable.from([bytes])
  // What the client sent may have had other white space; Fastify compares this with Content-Length.
  return Object.assign(stream, { receivedEncodedLength: Number(request.headers['content-length'] ?? bytes.length) })
}
