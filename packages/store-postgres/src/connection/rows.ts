import type Result from 'pg/lib/result.js'

/** A row of a quiet part: every value as PostgreSQL writes it. */
export type TextRow = readonly (string | null)[]

export function textRows(result: Result | undefined): readonly TextRow[] {
  return (result?.rows ?? []) as TextRow[]
}

/** The only value of the only row. */
export function onlyValue(rows: readonly TextRow[]): string | null {
  return rows[0]?.[0] ?? null
}
