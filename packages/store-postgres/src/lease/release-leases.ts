import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const release = ownStatement(`
  update banyan_leases l set owner_pid = null, owner_started = null
  from pg_stat_activity a
  where l.name = $1 and a.pid = pg_backend_pid() and l.owner_pid = a.pid and l.owner_started = a.backend_start`)

export function releaseLeasesPart(name: string): FlightPart {
  return { ...release, values: [name], quiet: true }
}
