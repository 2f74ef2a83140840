import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const release = ownStatement(`
  update banyan_leases l set owner_pid = null, owner_started = null
  from pg_stat_activity a
  where l.name = $1 and ($2::smallint[] is null or l.block = any ($2)) and a.pid = pg_backend_pid()
    and l.owner_pid = a.pid and l.owner_started = a.backend_start`)

/** Must run on the session that holds the leases. */
export function releaseLeasesPart(name: string, blocks?: readonly number[]): FlightPart {
  return { ...release, values: [name, blocks === undefined ? null : numberArray(blocks)], quiet: true }
}
