import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

// A row that somebody holds is left for the next time: pruning waits for nobody.
const prune = ownStatement(`
  with old as (select id from banyan_inbox where at < $1 order by at limit $2 for update skip locked)
  delete from banyan_inbox i using old where i.id = old.id`)

export function pruneOutcomesPart(before: number, limit: number): FlightPart {
  return { ...prune, values: [before, limit], quiet: true }
}
