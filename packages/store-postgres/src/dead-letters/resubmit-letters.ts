import type { DeadLetterFilter, Operator } from '@banyan/runtime'
import { textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import { filterCondition, filterValues } from './filter.js'

/**
 * A job goes back under its own id while the outcome of its command is unknown, so that it takes effect once (P4). After
 * a definite error, or an edit, that id would only return the recorded error or be refused, so it gets a new one (S1).
 */
const resubmit = ownStatement(`
  with chosen as (
    select d.*, row_number() over (order by d.id) as number from (
      select * from banyan_dead_letters d where ${filterCondition('d')}
      order by d.id limit cardinality($5::uuid[]) for update
    ) d
  ), audited as (
    insert into banyan_dead_letter_audit (letter, action, by, at, data)
    select id, 'resubmit', $6, $7::bigint, data from chosen
  ), parked as (
    insert into banyan_parked
      (subscription, source, lane, position, key, id, type, version, data, at, context, attempts, next_at)
    select subscription, source, lane, position, key, message_id, type, version, data, at, context, 0, $7::bigint
    from chosen where kind = 'event'
    on conflict (subscription, source, lane, position) do update
      set data = excluded.data, attempts = 0, next_at = excluded.next_at, error = null
  ), queued as (
    insert into banyan_jobs (id, module, operation, input, run_at, context)
    select case when original is null and error ->> 'retryable' = 'true' and error ->> 'code' not like '%.%' then message_id else ($5::uuid[])[number] end,
      source, type, data, $7::bigint, context
    from chosen where kind = 'job'
    on conflict (id) do nothing
  )
  delete from banyan_dead_letters d using chosen c where d.id = c.id`)

/** @param freshIds ids for jobs that need a new one; as many as letters are taken at most */
export function resubmitLettersPart(filter: DeadLetterFilter, by: Operator, freshIds: readonly string[]): FlightPart {
  return { ...resubmit, values: [...filterValues(filter), textArray(freshIds), by.name, by.at], quiet: true }
}
