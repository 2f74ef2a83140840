import type { SubscriptionKey, SubscriptionStep } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

// An event can be parked already where an operator set progress back: its newest state counts.
const park = ownStatement(`
  insert into banyan_parked
    (subscription, source, lane, position, key, id, type, version, data, at, context, attempts, next_at, error)
  select $1, $2, e.lane, e.position, e.key, e.id, e.type, e.version, e.data::json, e.at, e.context::json, e.attempts,
    e.next_at, e.error::json
  from unnest($3::smallint[], $4::bigint[], $5::text[], $6::uuid[], $7::text[], $8::int[], $9::text[], $10::bigint[],
    $11::text[], $12::int[], $13::bigint[], $14::text[])
    as e (lane, position, key, id, type, version, data, at, context, attempts, next_at, error)
  on conflict (subscription, source, lane, position) do update
    set attempts = excluded.attempts, next_at = excluded.next_at, error = excluded.error`)

/** Events set aside in the transaction that advances their lane. */
export function parkEventsPart(key: SubscriptionKey, parked: NonNullable<SubscriptionStep['park']>): FlightPart {
  const events = parked.map((one) => one.event)
  const values = [
    key.subscription,
    key.source,
    numberArray(events.map((event) => event.lane)),
    numberArray(events.map((event) => event.position)),
    textArray(events.map((event) => event.key)),
    textArray(events.map((event) => event.id)),
    textArray(events.map((event) => event.type)),
    numberArray(events.map((event) => event.version)),
    textArray(events.map((event) => event.data)),
    numberArray(events.map((event) => event.at)),
    textArray(events.map((event) => event.context)),
    numberArray(parked.map((one) => one.attempts)),
    numberArray(parked.map((one) => one.nextAt)),
    textArray(parked.map((one) => one.error ?? null)),
  ]
  return { ...park, values, quiet: true }
}
