import { catalogue, type ErrorData } from '@banyan/errors'

/** Problem details as RFC 9457 defines them, with what a client of Banyan needs to act on an error. */
export interface ProblemDocument {
  /** `urn:banyan:error:<code>`: the same on every deployment, so that clients may compare it. */
  readonly type: string
  /** The kind of problem in words; the same for every occurrence. */
  readonly title: string
  readonly status: number
  /** This occurrence in words. */
  readonly detail: string
  /** `urn:banyan:correlation:<id>`: what to look for in logs and traces. */
  readonly instance: string
  /** A code of the catalogue, or `<module>.<error>`. */
  readonly code: string
  /** Whether the same request, under the same Idempotency-Key, may succeed later. */
  readonly retryable: boolean
  /** What is wrong with the input, with the path to each place. */
  readonly issues?: unknown
  /** For a declared error: what its schema in the contract says. */
  readonly details?: unknown
}

/** The media type of problems (RFC 9457, 6.1). */
export const problemMediaType = 'application/problem+json'

/** Tells an error to the outside; nothing but its data gets in, and for faults of the server not even their details. */
export function problemDocument(error: ErrorData, correlationId: string): ProblemDocument {
  return {
    type: problemType(error.code),
    title: problemTitle(error.code),
    status: error.status,
    detail: error.message,
    instance: `urn:banyan:correlation:${encodeURIComponent(correlationId)}`,
    code: error.code,
    retryable: error.retryable,
    ...detailMembers(error),
  }
}

export function problemType(code: string): string {
  return `urn:banyan:error:${code}`
}

/** `invalid-input` reads `Invalid input`, `inventory.outOfStock` reads `Out of stock`. */
export function problemTitle(code: string): string {
  const name = code.slice(code.lastIndexOf('.') + 1)
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('-', ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function detailMembers({ code, status, details }: ErrorData): { issues?: unknown; details?: unknown } {
  if (details === undefined) return {}
  // What the catalogue raises on the server's side may carry internals (a store's log, a wiring); a contract's errors are public.
  if (Object.hasOwn(catalogue, code) && status >= 500) return {}
  if (typeof details === 'object' && details !== null && 'issues' in details) {
    const { issues, ...rest } = details
    return Object.keys(rest).length === 0 ? { issues } : { issues, details: rest }
  }
  return { details }
}

/** Seconds for `Retry-After`; `undefined` where waiting does not help. */
export function retryAfterSeconds(error: ErrorData, defaultMs: number): number | undefined {
  if (!error.retryable || (error.status !== 503 && error.status !== 429)) return undefined
  const details = error.details
  const given = typeof details === 'object' && details !== null && 'retryAfterMs' in details ? details.retryAfterMs : 0
  const waitMs = typeof given === 'number' && given > 0 ? given : defaultMs
  return Math.max(1, Math.ceil(waitMs / 1000))
}
