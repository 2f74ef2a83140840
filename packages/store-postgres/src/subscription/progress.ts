import type { LaneProgress, LogHeads, SubscriptionKey } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const ensure = ownStatement(`
  insert into banyan_progress (subscription, source, lane, position, incarnation)
  select $1, $2, s.number - 1, s.position, $4
  from unnest($3::bigint[]) with ordinality as s (position, number)
  on conflict do nothing`)
const read = ownStatement(`
  select lane, position, incarnation from banyan_progress where subscription = $1 and source = $2 order by lane`)
// An epoch that no lease has: whoever runs the subscription is fenced, and claims again.
const reset = ownStatement(`
  update banyan_progress p set position = s.position, incarnation = $4, epoch = -1
  from unnest($3::bigint[]) with ordinality as s (position, number)
  where p.subscription = $1 and p.source = $2 and p.lane = s.number - 1`)

function startValues(key: SubscriptionKey, start: LogHeads): unknown[] {
  return [key.subscription, key.source, numberArray(start.positions), start.incarnation]
}

export function ensureProgressPart(key: SubscriptionKey, start: LogHeads): FlightPart {
  return { ...ensure, values: startValues(key, start), quiet: true }
}

export function resetProgressPart(key: SubscriptionKey, start: LogHeads): FlightPart {
  return { ...reset, values: startValues(key, start), quiet: true }
}

export function readProgressPart(key: SubscriptionKey): FlightPart {
  return { ...read, values: [key.subscription, key.source], quiet: true }
}

export function readProgress(rows: readonly TextRow[]): LaneProgress[] {
  return rows.map(([lane, position, incarnation]) => ({
    lane: Number(lane),
    position: Number(position),
    incarnation: incarnation as string,
  }))
}
