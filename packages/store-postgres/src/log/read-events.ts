import { banyanError } from '@banyan/errors'
import type { LanePosition, LogEvent } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'
import { eventColumns, readEvent } from './event-row.js'

/**
 * One statement and so one snapshot: the heads, the floors and the events agree. Since positions are dense, head minus
 * position is how many events wait in a lane, and the limit is shared like water: `level` is the height at which all
 * lanes together hold the limit. Lanes with most waiting come first where there are more lanes than places.
 * A row without event tells a lane that cannot be read on: its events were pruned, or it went back.
 */
const read = ownStatement(`
  with wanted as (
    select w.lane, w.after, l.position - w.after as waiting, w.after < f.position or w.after > l.position as lost
    from unnest($1::smallint[], $2::bigint[]) as w (lane, after)
    join banyan_lanes l on l.lane = w.lane
    join banyan_log_floors f on f.lane = w.lane
  ), ranked as (
    select lane, after, waiting,
      coalesce(sum(waiting) over (order by waiting, lane rows between unbounded preceding and 1 preceding), 0) as below,
      count(*) over () - row_number() over (order by waiting, lane) + 1 as sharing
    from wanted where waiting > 0 and not lost
  ), level as (
    select greatest(1, floor(max(($3::bigint - below) / sharing)))::bigint as height from ranked
  ), served as (
    select lane, after from ranked order by waiting desc, lane limit $3::bigint
  )
  select ${eventColumns('e')}
  from served s, level v, lateral (
    select * from banyan_log g
    where g.lane = s.lane and g.position > s.after and g.position <= s.after + v.height
    order by g.position
  ) e
  union all
  select lane, null, null, null, null, null, null, null, null from wanted where lost`)

export function readEventsPart(after: readonly LanePosition[], limit: number): FlightPart {
  const lanes = numberArray(after.map((one) => one.lane))
  const positions = numberArray(after.map((one) => one.after))
  return { ...read, values: [lanes, positions, limit], quiet: true }
}

/** @throws `log-diverged` for a lane that was pruned beyond the position or went back, and for a gap (L2) */
export function readEvents(
  rows: readonly TextRow[],
  after: readonly LanePosition[],
  names: { source: string; subscriber: string },
): LogEvent[] {
  const events: LogEvent[] = []
  const next = new Map(after.map((one) => [one.lane, one.after + 1]))
  if (rows.some((row) => row[1] === null)) throw banyanError('log-diverged', names)
  for (const row of rows) events.push(readEvent(row))
  events.sort((a, b) => a.lane - b.lane || a.position - b.position)
  for (const event of events) {
    if (event.position !== next.get(event.lane)) throw banyanError('log-diverged', names)
    next.set(event.lane, event.position + 1)
  }
  return events
}
