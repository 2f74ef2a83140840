import type { Ambient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import type { Elsewhere, ExternalCall } from '@banyan/runtime'
import type { Response as Answer, Requests } from '../caller/requests.js'
import { once } from '../directory/every.js'
import { readIdentity } from '../frames/call-frame.js'
import type { MeshHost } from '../mesh.js'
import { bodyBytes, requestHead, requestOf, responseHead, responseOf } from './http.js'

type Options = NonNullable<Parameters<Elsewhere['route']>[3]>

/** What travels with a request to a raw route (P7). */
interface RouteHead {
  readonly route: string
  readonly request: unknown
  readonly identity?: ExternalCall['identity']
  readonly correlationId?: string
  readonly traceparent?: string
  readonly tracestate?: string
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Asks a module of another process to handle a raw route. Rejects with a BanyanError. */
export async function askRoute(
  requests: Requests,
  ambient: Ambient,
  place: { readonly module: string; readonly version: string; readonly route: string; readonly timeoutMs: number },
  request: Request,
  options: Options,
): Promise<Response> {
  const { module, version, route } = place
  const what = `${module} ${route}`
  const { identity, correlationId, traceparent, tracestate } = options
  const head: RouteHead = {
    route,
    request: requestHead(request),
    ...(identity === undefined ? {} : { identity }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }
  const answer = await requests.ask({
    to: { kind: 'route', module, version },
    what,
    head,
    body: await bodyBytes(request, `the body of a request to ${what}`),
    remainingMs: options.timeoutMs ?? place.timeoutMs,
    changes: !safe.has(request.method),
    after: (delayMs, task) => ambient.after(delayMs, task),
    signal: options.signal,
  })
  return responseOf(answer.head, answer.body)
}

/** Handles a raw route of a module here for another process. Rejects with a BanyanError. */
export async function answerRoute(
  host: MeshHost,
  module: string,
  asked: { readonly head: unknown; readonly body: Uint8Array; readonly remainingMs: number },
): Promise<Answer> {
  const { route, request, identity, correlationId, traceparent, tracestate } = (asked.head ?? {}) as Partial<RouteHead>
  if (typeof route !== 'string') throw banyanError('invalid-request', { summary: `a raw route of ${module}` })
  // The body too is made in this time: one that never ends would keep its place for ever (P9).
  const over = new AbortController()
  const timer = once(asked.remainingMs, () => over.abort())
  try {
    const response = await host.route(module, route, requestOf(request, asked.body), {
      timeoutMs: asked.remainingMs,
      ...(identity === undefined ? {} : { identity: readIdentity(JSON.stringify(identity)) }),
      ...(typeof correlationId === 'string' ? { correlationId } : {}),
      ...(typeof traceparent === 'string' ? { traceparent } : {}),
      ...(typeof tracestate === 'string' ? { tracestate } : {}),
    })
    const what = `the body of an answer of ${module} ${route}`
    return { head: responseHead(response), body: await bodyBytes(response, what, over.signal) }
  } finally {
    timer.end()
  }
}
