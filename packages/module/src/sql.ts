/** What stands in a statement as a parameter. Objects go through `sql.json`; `undefined` is refused: say `null`. */
export type SqlParameter =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly (string | number | bigint | boolean | null | Date)[]

/** A part of a statement made by `sql.id`, `sql.json` or `sql.rows`. */
export interface SqlPiece {
  readonly kind: 'piece'
}

/** What may stand between the text of a statement. A query stands as a fragment, and does not run by itself then. */
export type SqlValue = SqlParameter | SqlPiece | SqlQuery<unknown>

/**
 * A statement. It runs once, when it is awaited or asked for rows. `bigint` comes as a number where that is exact
 * and is an error beyond, `numeric` as a string, which loses nothing, `date` as `YYYY-MM-DD`.
 */
export interface SqlQuery<Row> extends PromiseLike<Row[]> {
  /** All rows. */
  all(): Promise<Row[]>
  /** The first row, or `null`: what a contract calls nothing too, so it can be returned as it is. */
  first(): Promise<Row | null>
  /**
   * The only row.
   * @throws `not-found` when there is none, or more than one
   */
  one(): Promise<Row>
  /** How many rows the statement changed, or found. */
  run(): Promise<number>
  /**
   * Runs it without waiting for its answer: statements that follow each other this way travel together, in the order in
   * which they were written. For a statement whose rows and failure the handler need not see: a failure makes the whole
   * unit of work fail, at the latest at its commit. Await it all the same: it resolves when there is room for more.
   */
  send(): Promise<void>
}

/**
 * SQL in the module's own schema, under its own role, inside the unit of work, which begins with the first statement.
 * Values are always parameters, never text. `sql<Row>` types the rows; PostgreSQL decides what they are.
 */
export interface Sql {
  <Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly SqlValue[]): SqlQuery<Row>
  /** The name of a table or column, quoted. */
  id(name: string): SqlPiece
  /** A value for a column of type json or jsonb. */
  json(value: unknown): SqlPiece
  /** Rows for an insert: `` sql`insert into lines (sku, quantity) values ${sql.rows(lines)}` ``. At least one. */
  rows(rows: readonly (readonly SqlParameter[])[]): SqlPiece
}
