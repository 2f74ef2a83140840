import type { NewSnapshot } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

// Whoever appended to the stream holds its next version, so nobody saves an older state over a newer one at once. While two
// releases run side by side the newer evolution keeps its snapshot, and the older one reads all events.
const save = ownStatement(`
  insert into banyan_snapshots as s (aggregate, key, version, evolution, state, at)
  select n.aggregate, n.key, n.version, n.evolution, n.state::json, n.at
  from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::text[], $6::bigint[])
    as n (aggregate, key, version, evolution, state, at)
  order by n.aggregate collate "C", n.key collate "C"
  on conflict (aggregate, key) do update
  set version = excluded.version, evolution = excluded.evolution, state = excluded.state, at = excluded.at
  where s.evolution <= excluded.evolution`)

export function saveSnapshotsPart(snapshots: readonly NewSnapshot[]): FlightPart {
  const values = [
    textArray(snapshots.map((snapshot) => snapshot.aggregate)),
    textArray(snapshots.map((snapshot) => snapshot.key)),
    numberArray(snapshots.map((snapshot) => snapshot.version)),
    numberArray(snapshots.map((snapshot) => snapshot.evolution)),
    textArray(snapshots.map((snapshot) => snapshot.state)),
    numberArray(snapshots.map((snapshot) => snapshot.at)),
  ]
  return { ...save, values, quiet: true }
}
