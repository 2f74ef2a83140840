import { createHash } from 'node:crypto'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const begin = ownStatement('begin')
const beginCommand = ownStatement('select banyan_begin_command($1, $2)')

export const beginPart: FlightPart = { ...begin, quiet: true }

/**
 * Refuses a twin and finds a recorded outcome, before anything of the handler runs (C2). The lock is the transaction's
 * and never waited for: a twin that waited would hold a connection.
 */
export function beginCommandPart(schema: string, commandId: string): FlightPart {
  return { ...beginCommand, values: [commandId, lockKey(schema, commandId)], quiet: true }
}

/** Advisory locks are the database's, so the schema is part of the key. */
function lockKey(schema: string, commandId: string): string {
  return createHash('sha1').update(schema).update('\n').update(commandId).digest().readBigInt64BE(0).toString()
}
