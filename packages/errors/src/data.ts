/** An error as it crosses between modules (P6): plain data. */
export interface ErrorData {
  /** A code of the catalogue, or `<module>.<error>` for an error that a contract declares. */
  readonly code: string
  readonly message: string
  /** I-JSON; for a declared error, what its schema allows. */
  readonly details?: unknown
  /** The module in which the error arose. */
  readonly origin?: string
  /** Whether the same request, under the same id, may succeed later. */
  readonly retryable: boolean
  /** HTTP status at the gateway. */
  readonly status: number
}

/** One finding of a check: who, where, what is wrong, what is allowed, what to do. */
export interface Problem {
  /** The contract, module, file or setting concerned, for example `module orders`. */
  readonly who: string
  /** The place inside it, for example `commands.place.http`. */
  readonly where: string
  readonly what: string
  readonly allowed?: string
  readonly remedy: string
}
