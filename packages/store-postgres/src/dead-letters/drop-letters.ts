import type { DeadLetterFilter, Operator } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import { filterCondition, filterValues } from './filter.js'

// A key that a letter held is released by the letter's end.
const drop = ownStatement(`
  with chosen as (
    select * from banyan_dead_letters d where ${filterCondition('d')} order by d.id limit $5 for update
  ), audited as (
    insert into banyan_dead_letter_audit (letter, action, by, at, data)
    select id, 'drop', $6, $7::bigint, data from chosen
  )
  delete from banyan_dead_letters d using chosen c where d.id = c.id`)

export function dropLettersPart(filter: DeadLetterFilter, by: Operator, limit: number): FlightPart {
  return { ...drop, values: [...filterValues(filter), limit, by.name, by.at], quiet: true }
}
