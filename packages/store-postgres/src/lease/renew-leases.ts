import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const renew = ownStatement(`
  update banyan_leases l set renewed_at = clock_timestamp()
  from pg_stat_activity a
  where a.pid = pg_backend_pid() and l.owner_pid = a.pid and l.owner_started = a.backend_start
  returning l.name, l.block, l.epoch`)

/** Renews all leases of the session that it runs on. */
export const renewLeasesPart: FlightPart = { ...renew, quiet: true }
