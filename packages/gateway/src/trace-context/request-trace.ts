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

type Header = string | string[] | undefined

/** Continues the trace of a caller under a new span, or begins one when the headers are absent or not valid. */
export type TraceSource = (traceparent: Header, tracestate: Header) => RequestTrace

// 02: its right-most 56 bits are random. Not sampled: that is decided where telemetry is configured.
const form = '00-tttttttttttttttttttttttttttttttt-ssssssssssssssss-02'
const traceAt = 3
const spanAt = 36

/** Makes the source of traces of one gateway; the same seed makes the same traces (P10). */
export function createTraceSource(ambient: Ambient): TraceSource {
  // Written digit by digit into bytes that are used again: every request makes one, and joining texts costs five times as much.
  const bytes = Buffer.from(form, 'latin1')
  return (traceparent, tracestate) => {
    // A repeated header is not valid, whichever way it was joined.
    const parent = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
    writeDigits(bytes, spanAt, ambient)
    if (parent !== undefined) {
      const { traceId, flags } = parent
      const span = bytes.toString('latin1', spanAt, spanAt + 16)
      const joined = Array.isArray(tracestate) ? tracestate.join(',') : tracestate
      return { traceId, traceparent: `00-${traceId}-${span}-${flags}`, tracestate: parseTracestate(joined) }
    }
    writeDigits(bytes, traceAt, ambient)
    // A span id is unique within its trace, so the first one may be part of the trace's own.
    bytes.copy(bytes, traceAt + 16, spanAt, spanAt + 16)
    const made = bytes.toString('latin1')
    return { traceId: made.slice(traceAt, traceAt + 32), traceparent: made, tracestate: undefined }
  }
}

const digits = Buffer.from('0123456789abcdef', 'latin1')

/** Writes 16 random hexadecimal digits. */
function writeDigits(bytes: Buffer, at: number, ambient: Ambient): void {
  for (let half = 0; half < 2; half++) {
    let random = Math.floor(ambient.random() * 2 ** 32)
    for (let place = 0; place < 8; place++) {
      bytes[at + half * 8 + place] = digits[random & 15] as number
      random >>>= 4
    }
  }
}
