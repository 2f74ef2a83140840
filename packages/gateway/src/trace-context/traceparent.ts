/** W3C Trace Context, level 2: https://www.w3.org/TR/trace-context-2/ */
export interface TraceParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits: the span of whoever sent it. */
  readonly parentId: string
  /** Two hex digits; only the sampled (01) and random-trace-id (02) bits are kept, as the specification asks. */
  readonly flags: string
}

const length00 = 55
const maximumLength = 512
const form = /^[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*$/
const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/**
 * Reads a `traceparent` header; `undefined` for one that must be ignored, so that a new trace is begun.
 * Versions after 00 are read by what they share with 00; version ff, zero ids and repeated headers are refused.
 */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  if (header === undefined || header.length < length00 || header.length > maximumLength) return undefined
  const match = form.exec(header)
  if (match === null) return undefined
  const [, version, traceId, parentId, flags, rest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (version === 'ff' || traceId === zeroTrace || parentId === zeroSpan) return undefined
  if (rest !== undefined && version === '00') return undefined
  return { traceId, parentId, flags: keptFlags(flags, version) }
}

// Of a version that is not known, only the sampled bit may be read.
function keptFlags(flags: string, version: string): string {
  const mask = version === '00' ? 0b11 : 0b01
  return `0${Number.parseInt(flags, 16) & mask}`
}
