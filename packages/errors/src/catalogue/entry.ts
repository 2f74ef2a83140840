/** What is told of one error that Banyan itself raises. */
export interface CatalogueEntry {
  /** `{placeholders}` are filled from the parameters of the error. */
  readonly message: string
  /** Why it happens, for a person who has never seen it. */
  readonly cause: string
  /** What to do about it. */
  readonly remedy: string
  /** HTTP status at the gateway. */
  readonly status: number
  /** Whether the same request, under the same id, may succeed later. */
  readonly retryable: boolean
}

/** One entry of the catalogue. */
export const entry = (
  status: number,
  retryable: boolean,
  message: string,
  cause: string,
  remedy: string,
): CatalogueEntry => ({
  message,
  cause,
  remedy,
  status,
  retryable,
})
