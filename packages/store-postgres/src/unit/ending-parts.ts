import type { CommandMark, Ending } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { recordOutcomePart } from '../inbox/record-outcome.js'
import { addJobsPart } from '../jobs/add-jobs.js'
import { type Append, appendEvents } from '../log/append-events.js'
import { streamParts } from '../stream/stream-parts.js'
import { advanceLanesPart } from '../subscription/advance-lanes.js'
import { markHandledPart } from '../subscription/mark-handled.js'
import { parkEventsPart } from '../subscription/park-events.js'

export interface EndingParts {
  readonly parts: readonly FlightPart[]
  /** The last of the parts, where events are appended. */
  readonly append: Append | undefined
}

/**
 * The statements of an ending in the one order that is safe: what may fail or wait first, the lanes last (I3 of the
 * port). Between two units that lock the same rows, the order is the same, so they cannot deadlock.
 */
export function endingParts(ending: Ending, command: CommandMark | undefined): EndingParts {
  const { outcome, events = [], jobs = [], step, streams } = ending
  const parts: FlightPart[] = []
  if (step?.handled) parts.push(markHandledPart(step.key, step.handled))
  if (step && step.lanes.length > 0) parts.push(advanceLanesPart(step.key, step.lanes))
  if (step?.park && step.park.length > 0) parts.push(parkEventsPart(step.key, step.park))
  if (outcome) {
    if (!command) throw new TypeError('An outcome can be recorded only by a unit that has a command mark')
    parts.push(recordOutcomePart(command, outcome.outcome, outcome.at))
  }
  if (jobs.length > 0) parts.push(addJobsPart(jobs))
  if (streams) parts.push(...streamParts(streams))
  const append = events.length > 0 ? appendEvents(events) : undefined
  if (append) parts.push(append.part)
  return { parts, append }
}
