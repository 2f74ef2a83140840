import { type CatalogueEntry, catalogue, type ErrorCode } from './catalogue.js'
import type { ErrorData, Problem } from './data.js'

// Identity by registered symbol, never by class: two copies of this package in one process must agree (style: Errors).
const brand = Symbol.for('banyan.error')

/** What `banyanError` and `fail` throw: an Error that carries its data. */
export class BanyanError extends Error implements ErrorData {
  readonly code: string
  readonly details?: unknown
  readonly origin?: string
  readonly retryable: boolean
  readonly status: number

  constructor(data: ErrorData, options?: { cause?: unknown }) {
    super(data.message, options)
    this.name = 'BanyanError'
    this.code = data.code
    if (data.details !== undefined) this.details = data.details
    if (data.origin !== undefined) this.origin = data.origin
    this.retryable = data.retryable
    this.status = data.status
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether `value` is an error of Banyan, also across copies of the package; with a code, whether it is that error. */
export function isBanyanError(value: unknown, code?: ErrorCode | (string & {})): value is BanyanError {
  if (typeof value !== 'object' || value === null || (value as Record<symbol, unknown>)[brand] !== true) return false
  return code === undefined || (value as BanyanError).code === code
}

/** Fills `{name}` in a template; what has no parameter stays as it is. */
export function fillTemplate(template: string, parameters: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (value === undefined) return whole
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  })
}

/**
 * An error of the catalogue.
 * @param parameters fill the placeholders of the message
 * @param options.details I-JSON that crosses with the error; never secrets or internals
 * @param options.cause kept in this process only, for the log
 */
export function banyanError(
  code: ErrorCode,
  parameters: Readonly<Record<string, unknown>> = {},
  options: { details?: unknown; origin?: string; cause?: unknown } = {},
): BanyanError {
  const { message, retryable, status }: CatalogueEntry = catalogue[code]
  const data: ErrorData = {
    code,
    message: fillTemplate(message, parameters),
    retryable,
    status,
    ...(options.details === undefined ? {} : { details: options.details }),
    ...(options.origin === undefined ? {} : { origin: options.origin }),
  }
  return new BanyanError(data, options.cause === undefined ? undefined : { cause: options.cause })
}

/** The error that reports all problems of a check together; they are its details, and are written out in its message. */
export function problemsError(
  code: ErrorCode,
  parameters: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
): BanyanError {
  const { message, retryable, status }: CatalogueEntry = catalogue[code]
  const text = `${fillTemplate(message, parameters)}\n${problems.map(formatProblem).join('\n')}`
  return new BanyanError({ code, message: text, retryable, status, details: { problems } })
}

/** A problem as lines of text for a terminal. */
export function formatProblem(problem: Problem): string {
  const lines = [`  ✗ ${problem.who} · ${problem.where}`, `      ${problem.what}`]
  if (problem.allowed !== undefined) lines.push(`      allowed: ${problem.allowed}`)
  lines.push(`      remedy:  ${problem.remedy}`)
  return lines.join('\n')
}

/** The data of an error, without what must stay in this process (cause, stack). */
export function errorData(error: BanyanError): ErrorData {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    status: error.status,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.origin === undefined ? {} : { origin: error.origin }),
  }
}
