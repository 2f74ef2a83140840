import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import { eventColumns } from './event-row.js'

// The newest of each lane, then the newest of those: the log has no index by time, which would cost every append.
const list = ownStatement(`
  select ${eventColumns('e')}
  from banyan_lanes l, lateral (
    select * from banyan_log g
    where g.lane = l.lane and ($1::text is null or g.type = $1) and ($2::text is null or g.key = $2)
    order by g.position desc limit $3
  ) e
  order by e.at desc, e.lane, e.position desc
  limit $3`)

export function listEventsPart(filter: { type?: string; key?: string; limit: number }): FlightPart {
  return { ...list, values: [filter.type, filter.key, filter.limit], quiet: true }
}
