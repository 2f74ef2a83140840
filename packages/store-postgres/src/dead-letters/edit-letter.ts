import type { Operator } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const edit = ownStatement(`
  with before as (select id, data from banyan_dead_letters where id = $1 for update),
  audited as (
    insert into banyan_dead_letter_audit (letter, action, by, at, data)
    select id, 'edit', $3, $4, data from before
  )
  update banyan_dead_letters d set data = $2::json, original = coalesce(d.original, b.data)
  from before b where d.id = b.id`)

export function editLetterPart(id: number, data: string, by: Operator): FlightPart {
  return { ...edit, values: [id, data, by.name, by.at], quiet: true }
}
