import { banyanError } from '@banyan/errors'
import type { SqlExecutor, Statement, StatementResult } from '../ports/sql-executor.js'

/** A piece of SQL text inside a template: an identifier, a nested fragment, a list of rows. */
export interface Piece {
  readonly kind: 'piece'
  write(writer: SqlWriter): void
}

export function isPiece(value: unknown): value is Piece {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'piece'
}

/** Collects text and parameters of one statement. Values are always parameters, never text. */
export class SqlWriter {
  text = ''
  readonly values: unknown[] = []

  raw(text: string): void {
    this.text += text
  }

  value(value: unknown): void {
    this.values.push(value)
    this.text += `$${this.values.length}`
  }

  template(strings: readonly string[], values: readonly unknown[]): void {
    this.text += strings[0]
    for (let index = 0; index < values.length; index++) {
      const value = values[index]
      if (value instanceof Query) value.write(this)
      else if (isPiece(value)) value.write(this)
      else if (value === undefined) throw new TypeError('undefined is not an SQL value; use null')
      else this.value(value)
      this.text += strings[index + 1]
    }
  }
}

// Text of templates without fragments, by the identity of the template: built once for each place in the code.
const texts = new WeakMap<readonly string[], string>()

function plainText(strings: readonly string[]): string {
  let text = texts.get(strings)
  if (text === undefined) {
    text = strings[0] as string
    for (let index = 1; index < strings.length; index++) text += `$${index}${strings[index]}`
    texts.set(strings, text)
  }
  return text
}

/** Watches the statements of a handler, so that one left without await can be found. */
export interface StatementWatch {
  /** A template was written, and has neither run nor become part of another one. */
  statementMade?(): void
  statementUsed?(): void
  statementStarted(): void
  statementEnded(): void
}

const unheard = (): void => undefined

/**
 * A statement that runs when it is awaited, or asked for its rows; never twice. Nested in another template it is a
 * fragment and does not run by itself.
 */
export class Query<Row = unknown> implements PromiseLike<Row[]> {
  readonly #strings: readonly string[]
  readonly #values: readonly unknown[]
  readonly #executor: SqlExecutor
  readonly #watch: StatementWatch | undefined
  #result: Promise<StatementResult> | undefined
  #used = false

  constructor(strings: readonly string[], values: readonly unknown[], executor: SqlExecutor, watch?: StatementWatch) {
    this.#strings = strings
    this.#values = values
    this.#executor = executor
    this.#watch = watch
    watch?.statementMade?.()
  }

  #use(): void {
    if (this.#used) return
    this.#used = true
    this.#watch?.statementUsed?.()
  }

  /** Writes the query as a fragment of another one. */
  write(writer: SqlWriter): void {
    this.#use()
    writer.template(this.#strings, this.#values)
  }

  statement(): Statement {
    if (!this.#values.some((value) => value instanceof Query || isPiece(value) || value === undefined))
      return { text: plainText(this.#strings), values: this.#values }
    const writer = new SqlWriter()
    this.write(writer)
    return { text: writer.text, values: writer.values }
  }

  #run(unanswered = false): Promise<StatementResult> {
    if (this.#result) return this.#result
    this.#use()
    // What cannot be written throws here and now, whether it is awaited or not.
    const written = this.statement()
    const statement = unanswered ? { ...written, unanswered } : written
    const watch = this.#watch
    watch?.statementStarted()
    const result = this.#executor.query(statement)
    this.#result = result
    if (watch) {
      const ended = (): void => watch.statementEnded()
      result.then(ended, ended)
    }
    return result
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting the query is how it runs
  then<A = Row[], B = never>(
    resolved?: ((rows: Row[]) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#answer(({ rows }) => rows as Row[]).then(resolved, rejected)
  }

  all(): Promise<Row[]> {
    return this.#answer(({ rows }) => rows as Row[])
  }

  /** The first row, or null. */
  first(): Promise<Row | null> {
    return this.#answer(({ rows }) => (rows[0] as Row | undefined) ?? null)
  }

  /** The only row. Rejects when there is none, or more than one. */
  one(): Promise<Row> {
    return this.#answer(({ rows }) => {
      if (rows.length !== 1) throw banyanError('not-found', { what: `single row (found ${rows.length})` })
      return rows[0] as Row
    })
  }

  /** How many rows the statement changed or returned. */
  run(): Promise<number> {
    return this.#answer(({ rowCount }) => rowCount ?? 0)
  }

  /** Runs it without waiting for its answer, where the unit of work can. */
  send(): Promise<void> {
    return this.#answer(unheard, true)
  }

  #answer<Value>(read: (result: StatementResult) => Value, unanswered = false): Promise<Value> {
    const answer = this.#run(unanswered).then(read)
    // A handler that forgot to await it is told by its run; the process must not end by a rejection that nobody hears.
    if (this.#watch) answer.catch(unheard)
    return answer
  }
}
