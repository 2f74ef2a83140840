import type { DeadLetterFilter } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'

/** The condition of a filter; its values are the first four parameters. */
export const filterCondition = (alias: string): string => `
  ($1::text is null or ${alias}.source = $1) and ($2::text is null or ${alias}.type = $2)
  and ($3::text is null or ${alias}.key = $3) and ($4::bigint[] is null or ${alias}.id = any ($4::bigint[]))`

/** Ids are whole numbers; anything else is the id of no letter. */
export function letterNumber(id: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined
}

export function filterValues({ source, type, key, ids }: DeadLetterFilter): unknown[] {
  const numbers = ids?.map(letterNumber).filter((id) => id !== undefined)
  return [source, type, key, numbers && numberArray(numbers)]
}
