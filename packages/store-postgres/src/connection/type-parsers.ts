import { types } from 'pg'
import type { TypeLookup } from 'pg/lib/result.js'

/**
 * How values of PostgreSQL become values of JavaScript (documented in docs/sql.md). The rule: never a value that
 * silently differs from what is stored. `pg` shifts dates and times without zone by the zone of the process, and gives
 * bigint as text; here a bigint is a number, or an error where a number cannot hold it.
 */
const oid = { int8: 20, int8Array: 1016, date: 1082, dateArray: 1182, timestamp: 1114, timestampArray: 1115 } as const
/** text[]: the parser that splits an array and leaves its elements as they are. */
const textArray = 1009

function safeInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`The bigint ${text} is beyond the safe integers of JavaScript; select it as text: column::text`)
}

const asText = (text: string): string => text
const splitArray = types.getTypeParser(textArray as never) as (text: string) => unknown

type Nested<Element> = (Element | null | Nested<Element>)[]

function mapNested(value: unknown): Nested<number> | number | null {
  if (value === null) return null
  return Array.isArray(value) ? (value.map(mapNested) as Nested<number>) : safeInteger(value as string)
}

const overrides: ReadonlyMap<number, (text: string) => unknown> = new Map([
  [oid.int8, safeInteger],
  [oid.int8Array, (text: string) => mapNested(splitArray(text))],
  [oid.date, asText],
  [oid.dateArray, splitArray],
  [oid.timestamp, asText],
  [oid.timestampArray, splitArray],
] as [number, (text: string) => unknown][])

/** The parsers of all statements that bring none of their own. */
export const typeParsers: TypeLookup = {
  getTypeParser(type, format) {
    return overrides.get(type) ?? (types.getTypeParser(type as never, format as never) as (text: string) => unknown)
  },
}
