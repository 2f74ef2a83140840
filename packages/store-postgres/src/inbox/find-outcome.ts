import type { RecordedOutcome } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const find = ownStatement('select input_hash, outcome::text, at from banyan_inbox where id = $1')

export function findOutcomePart(commandId: string): FlightPart {
  return { ...find, values: [commandId], quiet: true }
}

export function readOutcome(rows: readonly TextRow[]): RecordedOutcome | undefined {
  const row = rows[0] as readonly [string, string, string] | undefined
  return row && { inputHash: row[0], outcome: row[1], at: Number(row[2]) }
}
