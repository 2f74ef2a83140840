import type { AppendCondition, NewStreamEvent } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import { typeName } from './match-events.js'

const guard = ownStatement('select banyan_guard_tags($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)')

/**
 * Locks all tags that are appended or were decided on, checks the conditions, and files the events under their tags.
 * Undefined where there is none of it.
 */
export function guardTagsPart(
  events: readonly NewStreamEvent[],
  conditions: readonly AppendCondition[],
): FlightPart | undefined {
  const tagged = events.filter((event) => event.tags.length > 0)
  if (tagged.length === 0 && conditions.length === 0) return undefined
  const counts = new Map<string, number>()
  // Whoever appends what a condition looks for locks all tags of it, so one of them in common is enough.
  for (const condition of conditions) for (const tag of condition.tags) counts.set(tag, 0)
  const rows = tagged.flatMap((event, index) =>
    event.tags.map((tag) => {
      const rank = (counts.get(tag) ?? 0) + 1
      counts.set(tag, rank)
      return { event, index: index + 1, tag, rank }
    }),
  )
  const values = [
    textArray([...counts.keys()]),
    numberArray([...counts.values()]),
    textArray(conditions.map((condition) => condition.tag)),
    numberArray(conditions.map((condition) => condition.after)),
    textArray(conditions.map((condition) => JSON.stringify(condition.tags))),
    textArray(conditions.map((condition) => JSON.stringify(condition.types.map(typeName)))),
    tagged.length,
    numberArray(rows.map((row) => row.index)),
    textArray(rows.map((row) => row.tag)),
    numberArray(rows.map((row) => row.rank)),
    textArray(rows.map((row) => row.event.aggregate)),
    textArray(rows.map((row) => row.event.key)),
    numberArray(rows.map((row) => row.event.version)),
  ]
  return { ...guard, values, quiet: true }
}
