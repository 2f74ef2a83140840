import type { Ambient } from '@banyan/ambient'
import { parseTraceparent } from './traceparent.js'
import { parseTracestate } from './tracestate.js'

/** The trace of one request: what the call carries on, and what the response tells. */
export interface RequestTrace {
  readonly traceId: string
  /** With the span of this request as parent. */
  readonly traceparent: string
  readonly tracestate: string | undefined
}

/** Continues the trace of the caller under a new span, or begins one when the headers are absent or not valid. */
export function requestTrace(
  ambient: Ambient,
  traceparent: string | string[] | undefined,
  tracestate: string | string[] | undefined,
): RequestTrace {
  // A repeated header is not valid, whichever way it was joined.
  const parent = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
  if (parent === undefined) {
    const id = ambient.newId()
    const traceId = id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24)
    // 02: the right-most 56 bits of a new id are random. Not sampled: that is decided where telemetry is configured.
    return { traceId, traceparent: `00-${traceId}-${newSpan(ambient)}-02`, tracestate: undefined }
  }
  const { traceId, flags } = parent
  const joined = Array.isArray(tracestate) ? tracestate.join(',') : tracestate
  return { traceId, traceparent: `00-${traceId}-${newSpan(ambient)}-${flags}`, tracestate: parseTracestate(joined) }
}

// The last 64 bits of a new id: two bits of its variant, the others random; so it is never all zeros.
function newSpan(ambient: Ambient): string {
  const id = ambient.newId()
  return id.slice(19, 23) + id.slice(24)
}
