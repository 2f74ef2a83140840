import type { HttpRoute } from '@banyan/contract'
import { BanyanError, banyanError, errorData } from '@banyan/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { beginExchange, type Edge } from '../edge.js'
import { refuse } from '../responses.js'

type Done = () => void

/**
 * Everything that is decided before a body is read: bounds of URL and headers, a place that is free, who is calling.
 * `authorize` sees the identity in the exchange and refuses by an error.
 */
export function arrival(
  edge: Edge,
  { method, path, parameters }: HttpRoute,
  authorize: (request: FastifyRequest) => BanyanError | undefined,
): (request: FastifyRequest, reply: FastifyReply, done: Done) => void {
  const { identify, inFlight } = edge
  const metrics = edge.metrics.route(method, path)
  const decide = (request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    const denial = authorize(request)
    if (denial === undefined) done()
    else refuse(edge, request, reply, identify === undefined ? explained(denial) : denial)
  }
  return (request, reply, done) => {
    const exchange = beginExchange(edge, metrics, request, reply)
    const refusal = bounds(edge, request) ?? emptySegment(parameters, request)
    if (refusal !== undefined) return refuse(edge, request, reply, refusal)
    if (inFlight.full) return refuse(edge, request, reply, overloaded(edge))
    if (identify === undefined) return decide(request, reply, done)
    const found = identify(request)
    if (found === undefined || !('then' in found)) {
      exchange.identity = found
      return decide(request, reply, done)
    }
    found.then((identity) => {
      exchange.identity = identity
      decide(request, reply, done)
    }, done)
  }
}

// No credentials would help here, so a bare 401 would send the client looking for some.
function explained(denial: BanyanError): BanyanError {
  if (denial.code !== 'not-authenticated') return denial
  const remedy =
    "This gateway has no `identify`, so it knows nobody: give it one, or declare access: 'public' in the contract."
  return new BanyanError({ ...errorData(denial), details: { remedy } })
}

/** The refusal of a request for which there is no place (P9). */
export function overloaded(edge: Edge): BanyanError {
  const { retryAfterMs } = edge.limits
  return banyanError('overloaded', { what: 'The gateway', retryAfterMs }, { details: { retryAfterMs } })
}

function bounds({ limits }: Edge, { raw }: FastifyRequest): BanyanError | undefined {
  if ((raw.url ?? '').length > limits.urlBytes) return banyanError('uri-too-long', { limitBytes: limits.urlBytes })
  // rawHeaders holds names and values in turn.
  if (raw.rawHeaders.length > limits.headerCount * 2) {
    return banyanError('headers-too-large', { limit: `${limits.headerCount} headers` })
  }
  return undefined
}

// The router takes an empty segment for a parameter; nobody means `/stock/` to be a stock without a name.
function emptySegment(parameters: readonly string[], request: FastifyRequest): BanyanError | undefined {
  for (const name of parameters) {
    if ((request.params as Record<string, string>)[name] === '') {
      return banyanError('not-found', { what: `route ${request.url}` })
    }
  }
  return undefined
}
