/** What one turn of an alternative gave. */
export interface Measurement {
  /** In the unit of the comparison. */
  readonly value: number
  /** Further numbers of the same turn, for example `p50 ms`; each becomes a column. */
  readonly details?: Readonly<Record<string, number>>
}

/**
 * `ours` is Banyan, `limit` the least work that could give the same result, `peer` another system, `variant` Banyan set
 * up otherwise.
 */
export type Role = 'ours' | 'limit' | 'peer' | 'variant'

/** One way to do the work of a comparison. */
export interface Alternative {
  readonly name: string
  readonly role: Role
  /** Works for about `ms` milliseconds, or does a fixed piece of work, and says how it went. */
  measure(ms: number): Promise<Measurement>
}

/** What is promised of the median of ours. */
export type Target =
  | { readonly kind: 'at-most'; readonly value: number }
  | { readonly kind: 'at-least'; readonly value: number }
  /** Of another alternative's value, both of the same round: the median of these ratios counts. */
  | { readonly kind: 'share'; readonly of: string; readonly atLeast: number }
  | { readonly kind: 'ahead'; readonly of: string }

/** Alternatives that do the same work, measured in turns. */
export interface Comparison {
  readonly title: string
  readonly unit: string
  readonly better: 'lower' | 'higher'
  readonly alternatives: readonly Alternative[]
  readonly targets?: readonly Target[]
  /** Length of one turn, milliseconds. Default: that of the run. */
  readonly turnMs?: number
  /** Rounds, where each costs much. Default: those of the run. */
  readonly rounds?: number
  /** Turns of each alternative before the first round. Default 2. */
  readonly warmUps?: number
}

export interface Row {
  readonly name: string
  readonly role: Role
  readonly median: number
  readonly min: number
  readonly max: number
  /** Median over the rounds of its value divided by that of ours. */
  readonly toOurs: number | undefined
  readonly toLimit: number | undefined
  readonly details: Readonly<Record<string, number>>
  readonly values: readonly number[]
}

export interface Verdict {
  readonly target: string
  readonly met: boolean
  /** For people: what was reached, and by how much it is missed. */
  readonly result: string
}

export interface ComparisonResult {
  readonly title: string
  readonly unit: string
  readonly better: 'lower' | 'higher'
  readonly rounds: number
  readonly rows: readonly Row[]
  readonly verdicts: readonly Verdict[]
}

/** A number that is not a comparison: how far subscribers were behind, how many calls were refused. */
export interface Observation {
  readonly what: string
  readonly value: string
  readonly verdict?: Verdict
}

/** Something that is said to be true about speed. */
export interface Claim {
  readonly name: string
  /** One sentence. */
  readonly says: string
  /** npm packages whose versions matter. */
  readonly packages: readonly string[]
  /** Read before the numbers: what exactly each alternative does, what favours whom. */
  readonly notes: readonly string[]
}
