import { BanyanError, fillTemplate, isBanyanError } from '@banyan/errors'
import { type Codec, emptyCodec } from './codec/index.js'
import type { ErrorOptions } from './options.js'
import type { ProblemReport } from './problems.js'
import { type AnySchema, isSchema } from './schema.js'
import { checkedCodec, propertiesOf } from './schema-check.js'

/** An error that an operation declares, as it is thrown by `fail` and caught by a caller. */
export interface ContractError<Code extends string, Details> extends BanyanError {
  /** `'<module>.<error>'`. */
  readonly code: Code
  readonly details: Details
}

/** A declared error whose types are not known here. */
export interface DeclaredError {
  readonly kind: 'error'
  /** Without the prefix of the module. */
  readonly name: string
  /** `'<module>.<error>'`. */
  readonly code: string
  /** HTTP status at the gateway. */
  readonly status: number
  /** Template; `{name}` is filled from the details. */
  readonly message: string
  readonly retryable: boolean
  /** Schema of the details; absent: there are none. */
  readonly details?: AnySchema
  /** Of `emptyCodec` when there are no details. */
  readonly detailsCodec: Codec
  /** Makes the error; `fail.<error>(details)` is this with the types of the operation. */
  create(details?: unknown): BanyanError
  /** Recognizes the error, also after it crossed from another process. */
  is(error: unknown): boolean
}

/** `inventory.errors.outOfStock`: the same error with its types. */
export interface ErrorHandle<Code extends string, Details> extends Omit<DeclaredError, 'is' | 'create'> {
  readonly code: Code
  create(...details: undefined extends Details ? [details?: Details] : [details: Details]): ContractError<Code, Details>
  /** Recognizes the error, also after it crossed from another process, and narrows it, `details` included. */
  is(error: unknown): error is ContractError<Code, Details>
}

/** What makes up a declared error, checked already. */
export interface ErrorParts {
  readonly module: string
  readonly name: string
  readonly status: number
  readonly message: string
  readonly retryable: boolean
  readonly details: AnySchema | undefined
  readonly detailsCodec: Codec
}

/** Details cross undecoded (P6): what was given to `fail` is what the catcher sees. */
export function declaredError({ module, details: schema, ...parts }: ErrorParts): DeclaredError {
  const code = `${module}.${parts.name}`
  return Object.freeze({
    kind: 'error' as const,
    ...parts,
    code,
    ...(schema === undefined ? {} : { details: schema }),
    create(details?: unknown) {
      const { message, status, retryable } = parts
      const data = { code, message: fillTemplate(message, isRecord(details) ? details : {}), status, retryable }
      return new BanyanError({ ...data, origin: module, ...(details === undefined ? {} : { details }) })
    },
    is: (error: unknown) => isBanyanError(error, code),
  })
}

const statusDefault = 422

/** Reads one entry of `errors`. */
export function readError(
  report: ProblemReport,
  where: string,
  module: string,
  name: string,
  definition: ErrorOptions | AnySchema,
): DeclaredError {
  const options: ErrorOptions = isSchema(definition) ? { details: definition } : definition
  const { status = statusDefault, message = name, retryable = false, details } = options
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    report.add(`${where}.status`, {
      what: `${status} is not the status of an error`,
      allowed: 'a whole number from 400 to 599',
      remedy: `Leave it out for ${statusDefault}, or give one of them.`,
    })
  }
  const detailsCodec = checkedCodec(report, `${where}.details`, details)
  checkMessage(report, `${where}.message`, message, detailsCodec)
  return declaredError({ module, name, status, message, retryable, details, detailsCodec })
}

function checkMessage(report: ProblemReport, where: string, message: string, codec: Codec): void {
  const known = codec === emptyCodec ? new Set<string>() : propertiesOf(codec.jsonSchema)
  if (known === undefined) return
  for (const [whole, name = ''] of message.matchAll(/\{(\w+)\}/g)) {
    if (known.has(name)) continue
    report.add(where, {
      what: `the placeholder ${whole} is not in the details`,
      allowed: known.size === 0 ? 'no placeholders, since there are no details' : [...known].join(', '),
      remedy: 'Correct the placeholder, or add the property to the details.',
    })
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
