/** One flush, for tests that count round trips and for tools. */
export interface Flush {
  readonly module: string
  readonly statements: readonly string[]
}

export type FlushListener = (flush: Flush) => void
