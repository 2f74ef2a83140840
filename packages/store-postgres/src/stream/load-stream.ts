import type { Statement, StoredStream, StreamEvent, WantedStream } from '@banyan/runtime'
import type { TextRow } from '../connection/rows.js'

/** Above every version and time there is. */
const lastVersion = 2_147_483_647
const lastTime = Number.MAX_SAFE_INTEGER

/** The snapshot stands first, as a row without a type; events of a stream are ascending by its primary key. */
const fromBeginning = `
  select version, type, schema, data::text, at from banyan_streams
  where aggregate = $1 and key = $2 and version > $3 and version <= $4 and at <= $5
  order by version limit $6`

const fromSnapshot = `
  with found as materialized (
    select version, state::text as state, at from banyan_snapshots
    where aggregate = $1 and key = $2 and version > $3 and version <= $4 and at <= $5 and evolution = $7
  )
  (select version, null as type, 0 as schema, state, at from found)
  union all
  (select version, type, schema, data::text, at from banyan_streams
  where aggregate = $1 and key = $2 and version > coalesce((select version from found), $3) and version <= $4 and at <= $5
  order by version limit $6)`

export function loadStream(wanted: WantedStream): Statement {
  const { aggregate, key, evolution, after, until = lastVersion, at = lastTime, limit } = wanted
  const values = [aggregate, key, after, until, Math.floor(at), limit]
  if (evolution === undefined) return { text: fromBeginning, values, raw: true }
  return { text: fromSnapshot, values: [...values, evolution], raw: true }
}

export function readStream({ aggregate, key }: WantedStream, rows: readonly TextRow[]): StoredStream {
  const [first] = rows
  if (first === undefined || first[1] !== null) return { events: rows.map((row) => readEvent(aggregate, key, row)) }
  const snapshot = { version: Number(first[0]), state: first[3] as string, at: Number(first[4]) }
  return { snapshot, events: rows.slice(1).map((row) => readEvent(aggregate, key, row)) }
}

/** From version, type, schema, data, time. */
export function readEvent(aggregate: string, key: string, row: TextRow): StreamEvent {
  const [version, type, schema, data, at] = row as readonly [string, string, string, string, string]
  return { aggregate, key, version: Number(version), type, schema: Number(schema), data, at: Number(at) }
}
