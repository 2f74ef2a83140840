import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

/**
 * Deletes from the front of each lane only: clocks differ between processes, so an old event can stand behind a younger
 * one, and a hole would look like a lost event (L2). Never past what a registered subscription has handled. The floor
 * moves in the same statement; appends do not touch it.
 */
const prune = ownStatement(`
  with bounds as (
    select f.lane, f.position as floor, least(l.position, (
      select min(r.positions[f.lane + 1]) from banyan_registrations r
    )) as last
    from banyan_log_floors f join banyan_lanes l on l.lane = f.lane
    for update of f skip locked
  ), candidates as (
    select b.lane, e.position, e.old
    from bounds b, lateral (
      select g.position, bool_and(g.at < $1) over (order by g.position) as old
      from banyan_log g
      where g.lane = b.lane and g.position > b.floor and g.position <= b.last
      order by g.position limit $2
    ) e
  ), doomed as (
    select lane, position from candidates where old order by position, lane limit $2
  ), floors as (
    update banyan_log_floors f set position = d.last
    from (select lane, max(position) as last from doomed group by lane) d
    where f.lane = d.lane
  )
  delete from banyan_log g using doomed d where g.lane = d.lane and g.position = d.position`)

export function pruneEventsPart(before: number, limit: number): FlightPart {
  return { ...prune, values: [before, limit], quiet: true }
}
