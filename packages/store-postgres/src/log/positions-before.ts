import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

// Walks back from the head of each lane, so it costs as much as there are events since the time asked for. What was
// pruned is older than anything.
const positionsBefore = ownStatement(`
  select array(
    select coalesce(
      (select g.position from banyan_log g where g.lane = f.lane and g.at < $1 order by g.position desc limit 1),
      f.position)
    from banyan_log_floors f order by f.lane)`)

export function positionsBeforePart(at: number): FlightPart {
  return { ...positionsBefore, values: [at], quiet: true }
}
