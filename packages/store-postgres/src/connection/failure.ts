import { type BanyanError, banyanError, isBanyanError } from '@banyan/errors'
import { DatabaseError } from 'pg'

/**
 * What an error of the connection means. An error that PostgreSQL reports about a statement stays what it is: it goes to
 * the handler, which may know the constraint it broke. Texts of the server are never put into our messages, because
 * they can hold values.
 */

/** The session is gone or the server goes down: 57P01..57P05, 08xxx, 25P03 (idle in transaction). */
const sessionOver = /^(57P0[1-5]|08...|25P0[34])$/
/** Serialization failure, deadlock, a lock that was waited for too long. */
const conflict = /^(40001|40P01|55P03)$/
/** What the server knew of this connection was discarded under it: its prepared statement, or the shape of its result. */
const stalePlan = 'cached plan must not change result type'
const unknownStatement = '26000'

/** An error that the server reported, of any copy of `pg`. */
export function databaseError(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error
  const known = error as { severity?: unknown; code?: unknown } | null
  return typeof known?.severity === 'string' && typeof known.code === 'string' ? (error as DatabaseError) : undefined
}

/** Whether the connection cannot be used any more after this error. */
export function endsSession(error: unknown): boolean {
  const reported = databaseError(error)
  if (!reported) return !(error instanceof RangeError || error instanceof TypeError || isBanyanError(error))
  return reported.severity === 'FATAL' || reported.severity === 'PANIC' || sessionOver.test(reported.code ?? '')
}

/** Whether the prepared statements of this connection are not what they were. */
export function endsPrepared(error: unknown): boolean {
  const reported = databaseError(error)
  return reported?.code === unknownStatement || (reported?.code === '0A000' && reported.message === stalePlan)
}

/** Of Banyan's own errors. */
const transientCodes: ReadonlySet<string> = new Set(['unavailable', 'overloaded', 'append-conflict'])

/** Whether the same unit, done again from its start, may succeed; nothing of it was kept. */
export function isTransientFailure(error: unknown): boolean {
  if (isBanyanError(error)) return transientCodes.has(error.code)
  const reported = databaseError(error)
  return reported !== undefined && (conflict.test(reported.code ?? '') || endsPrepared(error))
}

/** A lost connection as an error of the catalogue; every other error as it is. */
export function statementFailure(error: unknown, what: string): unknown {
  if (isBanyanError(error) || !endsSession(error)) return error
  return banyanError('unavailable', { what }, { cause: error })
}

const loginRefused = /^(28P01|28000)$/
const tooManyConnections = '53300'
const waitedTooLong = 'timeout exceeded when trying to connect'

/** Whether the server refused the name or the password, or asked for one where there is none. */
export function isLoginRefused(error: unknown): boolean {
  return loginRefused.test(databaseError(error)?.code ?? '') || /^SASL: /.test((error as Error).message)
}

/** What a caller that found all connections taken is told to wait. Milliseconds. */
export const retryAfterMs = 500

/** Why no connection could be had. */
export function connectFailure(error: unknown, what: string): BanyanError {
  if (isBanyanError(error)) return error
  if ((error as Error).message === waitedTooLong || databaseError(error)?.code === tooManyConnections) {
    return banyanError('overloaded', { what, retryAfterMs }, { cause: error, details: { retryAfterMs } })
  }
  return banyanError('unavailable', { what }, { cause: error })
}

/** A short reason for a message: the code of the system or of SQL, and PostgreSQL's words where they hold no values. */
export function reasonOf(error: unknown): string {
  const reported = databaseError(error)
  if (reported) return `${reported.message} (${reported.code})`
  const { code, message } = error as { code?: string; message?: string }
  // Messages of the system say the code already.
  if (code && message?.includes(code)) return message
  return code ? `${code}${message ? `: ${message}` : ''}` : (message ?? String(error))
}
