import type { LeaseHolder } from '@banyan/runtime'
import { textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const holders = ownStatement(`
  select l.name, l.block, a.pid = pg_backend_pid()
  from banyan_leases l
  join pg_stat_activity a on a.pid = l.owner_pid and a.backend_start = l.owner_started
  where l.name = any ($1) and l.renewed_at > clock_timestamp() - $2::bigint * interval '1 millisecond'`)

/** What a takeover would find: who lives and renews. Must run on the session that holds the leases. */
export function leaseHoldersPart(names: readonly string[], staleMs: number): FlightPart {
  return { ...holders, values: [textArray(names), Math.round(staleMs)], quiet: true }
}

export function readHolders(rows: readonly TextRow[]): LeaseHolder[] {
  return rows.map(([name, block, mine]) => ({ name: name as string, block: Number(block), mine: mine === 't' }))
}
