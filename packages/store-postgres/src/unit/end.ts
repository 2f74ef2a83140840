import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

export const commitPart: FlightPart = { ...ownStatement('commit'), quiet: true }
export const rollbackPart: FlightPart = { ...ownStatement('rollback'), quiet: true }
/** Deferred constraints are checked before the lanes are locked: after them, a wait could close a circle (L1). */
export const settleConstraintsPart: FlightPart = { ...ownStatement('set constraints all immediate'), quiet: true }
