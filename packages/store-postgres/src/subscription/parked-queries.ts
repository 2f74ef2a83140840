import type { ParkedEvent, SubscriptionKey } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'
import { eventColumnCount, eventColumns, readEvent } from '../log/event-row.js'

const parkedColumns = (alias: string): string =>
  `${eventColumns(alias)}, ${alias}.subscription, ${alias}.source, ${alias}.attempts, ${alias}.next_at, ${alias}.error`

/** A dead letter that holds its key keeps what waits behind it from becoming due. */
const notHeld = (alias: string): string => `not exists (
  select from banyan_dead_letters d
  where d.holds and d.subscription = ${alias}.subscription and d.source = ${alias}.source and d.lane = ${alias}.lane
    and d.key = ${alias}.key)`

const firstOfKeys = `
  select distinct on (p.lane, p.key) p.* from banyan_parked p
  where p.subscription = $1 and p.source = $2 and p.lane = any ($3::smallint[])
  order by p.lane, p.key, p.position`

const keys = ownStatement(`
  select k.lane, k.key, sum(k.count) from (
    select p.lane, p.key, count(*) as count from banyan_parked p
    where p.subscription = $1 and p.source = $2 and p.lane = any ($3::smallint[]) group by p.lane, p.key
    union all
    select d.lane, d.key, count(*) from banyan_dead_letters d
    where d.holds and d.subscription = $1 and d.source = $2 and d.lane = any ($3::smallint[]) group by d.lane, d.key
  ) k group by k.lane, k.key order by k.lane, k.key`)
const due = ownStatement(`
  select ${parkedColumns('f')} from (${firstOfKeys}) f
  where f.next_at <= $4 and ${notHeld('f')} order by f.next_at, f.lane, f.position limit $5`)
const next = ownStatement(`select min(f.next_at) from (${firstOfKeys}) f where ${notHeld('f')}`)
const count = ownStatement('select count(*) from banyan_parked where subscription = $1 and source = $2')
const list = ownStatement(`
  select ${parkedColumns('p')} from banyan_parked p where $1::text is null or p.source = $1
  order by p.next_at, p.subscription, p.source, p.lane, p.position limit $2`)

function withLanes(key: SubscriptionKey, lanes: readonly number[]): unknown[] {
  return [key.subscription, key.source, numberArray(lanes)]
}

export function parkedKeysPart(key: SubscriptionKey, lanes: readonly number[]): FlightPart {
  return { ...keys, values: withLanes(key, lanes), quiet: true }
}

export function readParkedKeys(rows: readonly TextRow[]): { lane: number; key: string; count: number }[] {
  return rows.map(([lane, key, total]) => ({
    lane: Number(lane),
    key: key as string,
    count: Number(total),
  }))
}

export function parkedDuePart(key: SubscriptionKey, lanes: readonly number[], now: number, limit: number): FlightPart {
  return { ...due, values: [...withLanes(key, lanes), now, limit], quiet: true }
}

export function parkedNextPart(key: SubscriptionKey, lanes: readonly number[]): FlightPart {
  return { ...next, values: withLanes(key, lanes), quiet: true }
}

export function parkedCountPart(key: SubscriptionKey): FlightPart {
  return { ...count, values: [key.subscription, key.source], quiet: true }
}

export function listParkedPart(filter: { readonly source?: string; readonly limit: number }): FlightPart {
  return { ...list, values: [filter.source, filter.limit], quiet: true }
}

export function readParked(rows: readonly TextRow[]): ParkedEvent[] {
  return rows.map((row) => {
    const [subscription, source, attempts, nextAt, error] = row.slice(eventColumnCount)
    return {
      ...readEvent(row),
      subscription: subscription as string,
      source: source as string,
      attempts: Number(attempts),
      nextAt: Number(nextAt),
      ...(error == null ? {} : { error }),
    }
  })
}
