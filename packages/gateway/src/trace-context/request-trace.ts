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
    const traceId = digitsOf(ambient.newId())
    // 02: the right-most 56 bits of a new id are random. Not sampled: that is decided where telemetry is configured.
    // A span id is unique within its trace, so the first may be part of the trace's own.
    return { traceId, traceparent: `00-${traceId}-${spanOf(traceId)}-02`, tracestate: undefined }
  }
  const { traceId, flags } = parent
  const joined = Array.isArray(tracestate) ? tracestate.join(',') : tracestate
  return {
    traceId,
    traceparent: `00-${traceId}-${spanOf(digitsOf(ambient.newId()))}-${flags}`,
    tracestate: parseTracestate(joined),
  }
}

const digitsOf = (id: string): string => id.replaceAll('-', '')

// The last 64 bits of a new id: two bits of its variant, the others random; so it is never all zeros.
const spanOf = (digits: string): string => digits.slice(16)
