import { banyanError } from '@banyan/errors'
import { databaseError, endsSession } from '../connection/failure.js'
import type { Flight } from '../connection/flight.js'
import { inboxConstraint } from '../inbox/record-outcome.js'
import { streamConstraint } from '../stream/append-to-streams.js'

/** What the functions of Banyan's own tables raise. */
const twinRuns = 'BY001'
const outcomeRecorded = 'BY002'
const progressMoved = 'BY003'
const decidedOnMoved = 'BY004'
const uniqueViolation = '23505'

/** Whether the outcome of the command was found recorded, before or at the commit. */
export function tellsRecorded(error: unknown): boolean {
  const reported = databaseError(error)
  if (reported?.code === outcomeRecorded) return true
  return reported?.code === uniqueViolation && reported.constraint === inboxConstraint
}

/** Banyan's own refusals as errors of the catalogue; everything else as it is. */
export function refusal(error: unknown, names: { command: string | undefined; module: string }): unknown {
  const reported = databaseError(error)
  const code = reported?.code
  if (code === twinRuns) return banyanError('in-progress', { id: names.command ?? '' }, { cause: error })
  if (code === progressMoved)
    return banyanError('fenced', { what: `the subscriptions of ${names.module}` }, { cause: error })
  if (code === decidedOnMoved || (code === uniqueViolation && reported?.constraint === streamConstraint))
    return banyanError('append-conflict', { module: names.module }, { cause: error })
  return error
}

/**
 * What the loss of the connection means for a commit that was under way. The server sends what it did in order, and its
 * last words come after: so when it says goodbye before it answered the statement in front of the commit, there was none.
 * @param before how many parts run before the one that commits
 */
export function commitFate(error: unknown, flight: Flight, before: number): 'nothing-kept' | 'unknown' | 'refused' {
  if (!flight.isSent) return 'nothing-kept'
  if (!endsSession(error)) return 'refused'
  const saidGoodbye = databaseError(error) !== undefined
  return saidGoodbye && flight.completed < before ? 'nothing-kept' : 'unknown'
}
