import { type ErrorData, errorData, isBanyanError } from '@banyan/errors'
import type { ModuleStore } from '../ports/store.js'
import { FaultPointError } from './fault-points.js'

/**
 * What a failure means for the event:
 * - `transient`: the database asks to do it again; never an attempt.
 * - `infrastructure`: something that the handler called cannot be reached or is full; never an attempt.
 * - `fault`: an armed fault point; stands for a crash.
 * - `handler`: all else; counts as an attempt.
 */
export type FailureKind = 'transient' | 'infrastructure' | 'fault' | 'handler'

// `in-progress`: the call of an earlier attempt, cut off by its deadline, still runs under the same derived id (C1).
const infrastructureCodes: ReadonlySet<string> = new Set([
  'unavailable',
  'overloaded',
  'outcome-unknown',
  'fenced',
  'in-progress',
  // At the commit it is the unit's own and the batch is done again; before, it is that of a call.
  'append-conflict',
  'store-unreachable',
])

const causesFollowed = 5
const messageLimit = 2_000

/** Looks at an error and its causes: a handler may have wrapped what the store threw. */
export function failureKind(error: unknown, store: Pick<ModuleStore, 'isTransient'>): FailureKind {
  let current = error
  for (let depth = 0; depth < causesFollowed && current !== undefined && current !== null; depth++) {
    if (current instanceof FaultPointError) return 'fault'
    // Before the store is asked: the same codes come from calls of the handler, and those must not hold up other keys.
    if (isBanyanError(current) && infrastructureCodes.has(current.code)) return 'infrastructure'
    if (store.isTransient(current)) return 'transient'
    current = (current as { cause?: unknown }).cause
  }
  return 'handler'
}

/** How a failure is logged: what is only waited out needs no stack. */
export function failureFields(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  return isBanyanError(error) && error.retryable ? { reason: error.message } : { err: error }
}

/** The error as it is stored with a parked event or a dead letter: JSON text of ErrorData. */
export function failureText(error: unknown): string {
  const data = failureData(error)
  try {
    return JSON.stringify(data)
  } catch {
    // Details that are no JSON (a cycle, a bigint) are left out rather than the whole error.
    const { details: _, ...rest } = data
    return JSON.stringify(rest)
  }
}

function failureData(error: unknown): ErrorData {
  if (isBanyanError(error)) return errorData(error)
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'internal', message: message.slice(0, messageLimit), retryable: false, status: 500 }
}
