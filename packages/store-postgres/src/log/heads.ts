import type { LogHeads } from '@banyan/runtime'
import { readNumbers } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const heads = ownStatement('select banyan_incarnation(), array(select position from banyan_lanes order by lane)')

export const headsPart: FlightPart = { ...heads, quiet: true }

export function readHeads(rows: readonly TextRow[]): LogHeads {
  const [incarnation, positions] = rows[0] as readonly [string, string]
  return { incarnation, positions: readNumbers(positions) }
}
