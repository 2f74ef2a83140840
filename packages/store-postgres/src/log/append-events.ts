import type { NewEvent } from '@banyan/runtime'
import type Result from 'pg/lib/result.js'
import { numberArray, readNumbers, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const oneCall = 'banyan_append_one($1, $2, $3, $4, $5, $6, $7, $8)'
const manyCall = 'banyan_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'
const appendOne = ownStatement(`select ${oneCall}`)
const appendMany = ownStatement(`select ${manyCall}`)

/** An append as it is sent, with what is needed to tell the position of each event afterwards. */
export interface Append {
  readonly part: FlightPart
  /** The call inside the statement, for statements that do more than append. */
  readonly call: string
  /** Positions of the events in the order in which they were given. */
  positions(result: Result): number[]
}

/** Takes the lanes ascending and inserts the events; the last statement of an ending (I3 of the port). */
export function appendEvents(events: readonly NewEvent[]): Append {
  return events.length === 1 ? appendSingle(events[0] as NewEvent) : appendSeveral(events)
}

function appendSingle(event: NewEvent): Append {
  const { lane, id, key, type, version, data, at, context } = event
  const values = [lane, id, key, type, version, data, at, context]
  return {
    part: { ...appendOne, values, quiet: true },
    call: oneCall,
    positions: (result) => [Number(firstField(result))],
  }
}

function appendSeveral(events: readonly NewEvent[]): Append {
  const lanes = [...new Set(events.map((event) => event.lane))].sort((a, b) => a - b)
  const slotOf = new Map(lanes.map((lane, index) => [lane, index]))
  const counts = lanes.map(() => 0)
  const slots: number[] = []
  const ranks: number[] = []
  for (const event of events) {
    const slot = slotOf.get(event.lane) as number
    counts[slot] = (counts[slot] as number) + 1
    slots.push(slot + 1)
    ranks.push(counts[slot] as number)
  }
  const values = [
    ...[lanes, counts, slots, ranks].map(numberArray),
    textArray(events.map((event) => event.id)),
    textArray(events.map((event) => event.key)),
    textArray(events.map((event) => event.type)),
    numberArray(events.map((event) => event.version)),
    textArray(events.map((event) => event.data)),
    numberArray(events.map((event) => event.at)),
    textArray(events.map((event) => event.context)),
  ]
  return {
    part: { ...appendMany, values, quiet: true },
    call: manyCall,
    positions(result) {
      const bases = readNumbers(firstField(result))
      return slots.map((slot, index) => (bases[slot - 1] as number) + (ranks[index] as number))
    },
  }
}

function firstField(result: Result): string {
  return (result.rows[0] as [string])[0]
}
