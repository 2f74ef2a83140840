import { type BanyanError, banyanError } from '@banyan/errors'
import type { Migration } from './read.js'
import { offsetOfPosition, placeOf, type SqlStatement } from './statements.js'

/** What PostgreSQL tells of an error; `pg` puts it on its errors as properties. */
export interface PostgresFailure extends Error {
  readonly code?: string
  readonly position?: string
  readonly hint?: string
  readonly detail?: string
  readonly where?: string
}

const excerptLength = 200

/** Whether the server refused the statement, rather than the connection failing. */
export function isRefusal(error: unknown): error is PostgresFailure {
  const code = (error as PostgresFailure | undefined)?.code
  return error instanceof Error && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
}

/** The failure of one statement of a migration as an error that says where in the file, and what PostgreSQL says. */
export function migrationFailure(
  module: string,
  migration: Migration,
  statement: SqlStatement | undefined,
  error: PostgresFailure,
): BanyanError {
  // A position of an error raised inside a function's body is one of that body's text.
  const position = error.position === undefined || error.where !== undefined ? 1 : Number(error.position)
  const offset = statement ? statement.offset + offsetOfPosition(statement.text, position) : migration.sql.length
  const { line, column } = placeOf(migration.sql, offset)
  const parts = [`line ${line}, column ${column}: ${error.message} (${error.code})`]
  if (error.detail !== undefined) parts.push(`Detail: ${error.detail}`)
  if (error.hint !== undefined) parts.push(`Hint: ${error.hint}`)
  if (!migration.transaction) parts.push('It runs outside a transaction, so the statements before this one stay done')
  const details = {
    file: migration.file,
    line,
    column,
    statement: (statement?.text ?? 'commit').slice(0, excerptLength),
    sqlState: error.code ?? null,
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
  const summary = parts.join('. ')
  return banyanError('migration-failed', { file: migration.file, module, summary }, { details, cause: error })
}
