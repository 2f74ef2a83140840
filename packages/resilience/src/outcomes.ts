import type { ErrorData } from '@banyan/errors'
import type { Envelope, Outcome } from '@banyan/runtime'
import type { Verdict } from './parts/breaker.js'

/** The callee was not there, or did not answer in time. */
const failures = new Set(['unavailable', 'deadline-exceeded', 'outcome-unknown', 'store-unreachable'])

/**
 * Says nothing of whether the callee is there. `overloaded` least of all: it is alive, and sheds what it cannot take itself,
 * with a time to wait; a breaker would make nothing of what it still can.
 */
const neither = new Set(['overloaded', 'in-progress', 'cancelled', 'fenced'])

/** What an outcome tells of the callee. A declared error is an answer, and so is a fault in the handler of one input. */
export function verdictOf(outcome: Outcome): Verdict {
  if (outcome.ok) return 'answered'
  const { code } = outcome.error
  return failures.has(code) ? 'failed' : neither.has(code) ? 'neither' : 'answered'
}

const refusedBeforeRunning = new Set(['unavailable', 'overloaded', 'in-progress'])

/** Whether the code says that another attempt may fare better: infrastructure, never what the callee decided. */
export function isPassing({ code }: ErrorData): boolean {
  return failures.has(code) || neither.has(code)
}

/**
 * Whether the same call may be made again. A query changes nothing; a command whose outcome is recorded repeats it (P4).
 * Another command only where nothing of it ran: an error with an origin came out of a handler, which may have called others.
 */
export function mayRepeat(envelope: Envelope, error: ErrorData): boolean {
  if (envelope.kind === 'query' || envelope.repeatable) return isPassing(error)
  return error.origin === undefined && refusedBeforeRunning.has(error.code)
}
