import { BanyanError, banyanError, catalogue, type ErrorData, errorData, isBanyanError } from '@banyan/errors'
import type { Outcome, Receiver } from '../call/envelope.js'
import type { Frame } from './frame.js'

export const failed = (error: BanyanError): Outcome => ({ ok: false, error: errorData(error) })

/** For who wants the outcome itself. */
export const asOutcome: Receiver<Outcome> = { receive: (outcome) => outcome }

/** An error that came back from a callee, rebuilt for the caller (P1: never the callee's own objects). */
export function rebuilt(data: ErrorData): BanyanError {
  return new BanyanError(data.details === undefined ? data : { ...data, details: structuredClone(data.details) })
}

// Of what a nested call can meet, these tell the caller's caller something true and useful; all else is a fault inside.
const passesThrough = new Set([
  'unavailable',
  'overloaded',
  'deadline-exceeded',
  'cancelled',
  'outcome-unknown',
  'in-progress',
  'fenced',
  'store-unreachable',
  'payload-too-large',
  'append-conflict',
  'not-awaited',
  'invalid-output',
  'read-only',
  'log-diverged',
  'no-stand-in',
])

/** Whether the error is one that the operation itself declares. */
export function isDeclared(
  frame: Frame,
  declared: Readonly<Record<string, unknown>>,
  error: unknown,
): error is BanyanError {
  if (!isBanyanError(error)) return false
  const prefix = `${frame.envelope.module}.`
  return error.code.startsWith(prefix) && Object.hasOwn(declared, error.code.slice(prefix.length))
}

/**
 * What the caller is told of an error that the operation does not declare: `internal` with a reference to the log line
 * that holds everything, unless it is an error of Banyan's own that says something true for the caller too.
 */
export function undeclared(frame: Frame, error: unknown): Outcome {
  const { host } = frame
  if (isBanyanError(error) && passesThrough.has(error.code)) return ran(host.module, error)
  const reference = host.ambient.newId()
  host.logger.error(
    {
      err: error,
      reference,
      module: host.module,
      operation: frame.operation,
      id: frame.envelope.repeatable ? frame.envelope.id : undefined,
      correlationId: frame.envelope.travel.correlationId,
    },
    `${frame.operation} failed`,
  )
  return failed(
    banyanError('internal', { module: host.module, reference }, { details: { reference }, origin: host.module }),
  )
}

/**
 * An error of Banyan's own out of a handler that ran. Its origin tells it from a call that was refused before anything
 * ran, which may be repeated whatever the command did before it failed.
 */
export function ran(module: string, error: BanyanError): Outcome {
  const data = errorData(error)
  return { ok: false, error: data.origin === undefined ? { ...data, origin: module } : data }
}

/** Whether an error code is Banyan's own. */
export function isOwnCode(code: string): boolean {
  return Object.hasOwn(catalogue, code)
}
