import type { ParkedEvent } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

// The guard comes first and locks the epoch, so that a fenced owner changes nothing.
const guard = ownStatement('select banyan_guard($1, $2, $3, $4)')
const failed = ownStatement(`
  update banyan_parked set attempts = attempts + 1, error = $5, next_at = $6
  where subscription = $1 and source = $2 and lane = $3 and position = $4`)
const dead = ownStatement(`
  with gone as (
    delete from banyan_parked where subscription = $1 and source = $2 and lane = $3 and position = $4 returning *
  ), freed as (
    update banyan_parked p set next_at = least(p.next_at, $6::bigint)
    from (
      select f.position from banyan_parked f join gone g on f.key = g.key
      where f.subscription = $1 and f.source = $2 and f.lane = $3 and f.position > g.position
      order by f.position limit 1
    ) n
    where not $7::boolean and p.subscription = $1 and p.source = $2 and p.lane = $3 and p.position = n.position
  )
  insert into banyan_dead_letters
    (kind, source, subscription, lane, position, key, message_id, type, version, data, at, context, error, attempts,
     died_at, holds)
  select 'event', source, subscription, lane, position, key, id, type, version, data, at, context, $5::json, attempts + 1,
    $6::bigint, $7::boolean
  from gone`)

export function guardPart(event: ParkedEvent, epoch: number): FlightPart {
  return { ...guard, values: [event.subscription, event.source, event.lane, epoch], quiet: true }
}

function place({ subscription, source, lane, position }: ParkedEvent): unknown[] {
  return [subscription, source, lane, position]
}

export function parkedFailedPart(event: ParkedEvent, failure: { error: string; nextAt: number }): FlightPart {
  return { ...failed, values: [...place(event), failure.error, failure.nextAt], quiet: true }
}

export function parkedDeadPart(event: ParkedEvent, failure: { error: string; at: number; hold: boolean }): FlightPart {
  return { ...dead, values: [...place(event), failure.error, failure.at, failure.hold], quiet: true }
}
