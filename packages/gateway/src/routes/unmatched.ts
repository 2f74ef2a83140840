import { banyanError } from '@banyan/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { beginExchange, type Edge } from '../edge.js'
import { refuse, sendDone } from '../responses.js'
import type { PathIndex } from './path-index.js'

/** Answers what no route fits: OPTIONS of a known path, 405 for another method of it, 404 for the rest. */
export function answerUnmatched(edge: Edge, index: PathIndex, request: FastifyRequest, reply: FastifyReply): void {
  beginExchange(edge, edge.metrics.route(request.method, 'unmatched'), request, reply)
  const path = request.url.split('?', 1)[0] ?? '/'
  const methods = index.methods(path)
  if (methods.length === 0) {
    refuse(edge, request, reply, banyanError('not-found', { what: `route ${path}` }))
    return
  }
  const allow = [...methods, 'OPTIONS'].join(', ')
  reply.header('allow', allow)
  if (request.method === 'OPTIONS') {
    sendDone(edge, request, reply)
    return
  }
  refuse(edge, request, reply, banyanError('method-not-allowed', { method: request.method, path, allow }))
}
