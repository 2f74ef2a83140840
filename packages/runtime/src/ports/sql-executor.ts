/** A statement as `pg` takes it, so that ORMs written for `pg` run inside a unit of work. */
export interface Statement {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly rowMode?: 'array'
  /** `pg` type parsers of the statement's own. */
  readonly types?: unknown
  /**
   * Nobody wants its answer: a unit may send it later, in its order, and resolve before it ran. Its failure then makes
   * the unit fail, at the latest at its commit.
   */
  readonly unanswered?: boolean
  /** Its rows are wanted as lists of texts, as PostgreSQL writes them. For statements whose shape is known. */
  readonly raw?: boolean
}

export interface StatementResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
  readonly command: string
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

export interface SqlExecutor {
  query(statement: Statement): Promise<StatementResult>
}
