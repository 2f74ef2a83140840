import type { Statement, StatementResult } from '@banyan/runtime'
import type Result from 'pg/lib/result.js'
import type { TypeLookup } from 'pg/lib/result.js'
import type { FlightPart } from './flight.js'
import type { Session } from './session.js'

/** A handler's statement, prepared under the name it has in this session. */
export function statementPart(session: Session, statement: Statement): FlightPart {
  const { text, values, rowMode, types, raw = false } = statement
  return { text, name: session.nameOf(text), values, rowMode, types: types as TypeLookup | undefined, quiet: raw }
}

/** A handler's statement of which nobody wants the answer. */
export function unansweredPart(session: Session, { text, values }: Statement): FlightPart {
  return { text, name: session.nameOf(text), values, quiet: true }
}

export function toStatementResult(result: Result): StatementResult {
  return result as Result & { command: string }
}
