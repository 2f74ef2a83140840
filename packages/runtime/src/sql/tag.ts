import type { SqlExecutor } from '../ports/sql-executor.js'
import { type Piece, Query, type SqlWriter, type StatementWatch } from './query.js'

function identifier(name: string): Piece {
  const quoted = `"${name.replaceAll('"', '""')}"`
  return { kind: 'piece', write: (writer: SqlWriter) => writer.raw(quoted) }
}

function json(value: unknown): Piece {
  const text = JSON.stringify(value)
  return { kind: 'piece', write: (writer: SqlWriter) => writer.value(text) }
}

function rows(list: readonly (readonly unknown[])[]): Piece {
  if (list.length === 0) throw new TypeError('sql.rows needs at least one row')
  return {
    kind: 'piece',
    write(writer: SqlWriter) {
      list.forEach((row, rowIndex) => {
        writer.raw(rowIndex === 0 ? '(' : ', (')
        row.forEach((value, index) => {
          if (index > 0) writer.raw(', ')
          writer.value(value)
        })
        writer.raw(')')
      })
    },
  }
}

/** What a handler gets as `sql`. */
export interface SqlTag {
  <Row = Record<string, unknown>>(strings: TemplateStringsArray, ...values: unknown[]): Query<Row>
  /** A name of a table or column, quoted. */
  id(name: string): Piece
  /** A value as JSON text, for json and jsonb columns. */
  json(value: unknown): Piece
  /** Several rows of values: `insert into t (a, b) values ${sql.rows(list)}`. */
  rows(list: readonly (readonly unknown[])[]): Piece
}

/** Makes the tag for one unit of work, or for the statements of one query. */
export function createSql(executor: SqlExecutor, watch?: StatementWatch): SqlTag {
  const tag = (strings: TemplateStringsArray, ...values: unknown[]): Query =>
    new Query(strings, values, executor, watch)
  return Object.assign(tag, { id: identifier, json, rows }) as SqlTag
}
