import type { CommandMark } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const record = ownStatement('insert into banyan_inbox (id, input_hash, outcome, at) values ($1, $2, $3, $4)')
const recordUnlessThere = ownStatement(`${record.text} on conflict do nothing`)

/** Name of the constraint that a second outcome of the same command breaks. */
export const inboxConstraint = 'banyan_inbox_pkey'

/** Records the outcome with the effect; a twin that was first makes the whole ending fail. */
export function recordOutcomePart(command: CommandMark, outcome: string, at: number): FlightPart {
  return { ...record, values: [command.id, command.inputHash, outcome, at], quiet: true }
}

/** Records the outcome of a declared error, unless a twin was first: then no row is counted. */
export function recordUnlessTherePart(command: CommandMark, outcome: string, at: number): FlightPart {
  return { ...recordUnlessThere, values: [command.id, command.inputHash, outcome, at], quiet: true }
}
