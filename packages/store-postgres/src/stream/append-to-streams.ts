import type { NewStreamEvent } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const columns = 'aggregate, key, version, type, schema, data, at, context'
const appendOne = ownStatement(`insert into banyan_streams (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8)`)
// In the order of the key: two units that append to the same streams wait for each other in one direction only.
const appendMany = ownStatement(`
  insert into banyan_streams (${columns}, tags)
  select e.aggregate, e.key, e.version, e.type, e.schema, e.data::json, e.at, e.context::json,
    case when e.tags <> '[]' then banyan_texts(e.tags) end
  from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::bigint[], $8::text[], $9::text[])
    as e (aggregate, key, version, type, schema, data, at, context, tags)
  order by e.aggregate collate "C", e.key collate "C", e.version`)

/** Name of the constraint that tells that somebody else was quicker. */
export const streamConstraint = 'banyan_streams_pkey'

export function appendToStreamsPart(events: readonly NewStreamEvent[]): FlightPart {
  const [first] = events as readonly [NewStreamEvent, ...NewStreamEvent[]]
  if (events.length === 1 && first.tags.length === 0) {
    const { aggregate, key, version, type, schema, data, at, context } = first
    return { ...appendOne, values: [aggregate, key, version, type, schema, data, at, context], quiet: true }
  }
  const values = [
    textArray(events.map((event) => event.aggregate)),
    textArray(events.map((event) => event.key)),
    numberArray(events.map((event) => event.version)),
    textArray(events.map((event) => event.type)),
    numberArray(events.map((event) => event.schema)),
    textArray(events.map((event) => event.data)),
    numberArray(events.map((event) => event.at)),
    textArray(events.map((event) => event.context)),
    textArray(events.map((event) => JSON.stringify(event.tags))),
  ]
  return { ...appendMany, values, quiet: true }
}
