/** The bounds of the gateway (P9). Every one can be set; none can be switched off. */
export interface GatewayLimits {
  /** Body of an operation, bytes. Default: 1 MiB. */
  readonly bodyBytes: number
  /** Body of a raw route, bytes. Default: 10 MiB. */
  readonly rawBodyBytes: number
  /** All headers of a request together, bytes. Default: 16 KiB. Own server only. */
  readonly headerBytes: number
  /** Headers of a request. Default: 100. */
  readonly headerCount: number
  /** Path and query string, bytes. Default: 8 KiB. */
  readonly urlBytes: number
  /** Time for the headers of a request to arrive, ms. Default: 10 s. Own server only. */
  readonly headersTimeoutMs: number
  /** Time for a whole request to arrive, body included, ms. Default: 60 s. Own server only. */
  readonly requestTimeoutMs: number
  /** How often the two times above are looked at, ms: they are kept up to this. Default: 1 s. Own server only. */
  readonly timeoutCheckMs: number
  /** How long an idle connection is kept for a next request, ms. Default: 72 s, above what load balancers use. Own server only. */
  readonly keepAliveTimeoutMs: number
  /** How long a client may take none of a response that waits for it, ms. Default: 30 s. Own server only. */
  readonly stalledTimeoutMs: number
  /** Open connections; further ones are closed at once. Default: 10,000. Own server only. */
  readonly connections: number
  /** Requests being handled at a time; further ones get `overloaded` at once. Default: 1,000. */
  readonly inFlight: number
  /** What `overloaded` tells to wait, ms. Default: 1 s. */
  readonly retryAfterMs: number
  /** Responses of fewer bytes are not compressed. Default: 1 KiB. */
  readonly compressFromBytes: number
  /** Time for requests under way to end when the gateway closes, ms. Default: 10 s. */
  readonly closeDeadlineMs: number
}

/** The bounds that hold unless others are given. */
export const defaultLimits: GatewayLimits = Object.freeze({
  bodyBytes: 1024 * 1024,
  rawBodyBytes: 10 * 1024 * 1024,
  headerBytes: 16 * 1024,
  headerCount: 100,
  urlBytes: 8 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  timeoutCheckMs: 1_000,
  keepAliveTimeoutMs: 72_000,
  stalledTimeoutMs: 30_000,
  connections: 10_000,
  inFlight: 1_000,
  retryAfterMs: 1_000,
  compressFromBytes: 1024,
  closeDeadlineMs: 10_000,
})
