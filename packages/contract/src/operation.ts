import { type Codec, emptyCodec } from './codec/index.js'
import { type DeclaredError, readError } from './declared-error.js'
import { type HttpRoute, httpForm, parseHttp } from './http.js'
import { checkName } from './names.js'
import type { CommandOptions, ErrorsOptions, QueryOptions } from './options.js'
import type { ProblemReport } from './problems.js'
import type { AnySchema } from './schema.js'
import { checkedCodec, propertiesOf } from './schema-check.js'

/** A command or query of a contract. `Types` is for the compiler only, see `OperationTypes`. */
export interface OperationDefinition<Types = unknown> {
  readonly kind: 'command' | 'query'
  readonly name: string
  readonly summary?: string
  /** Absent: takes nothing. */
  readonly input?: AnySchema
  /** Absent: gives nothing. */
  readonly output?: AnySchema
  /** By name, without the prefix of the module. */
  readonly errors: Readonly<Record<string, DeclaredError>>
  /** Absent: only modules may call it. */
  readonly http?: HttpRoute
  /** Permissions of which a caller at the edge needs all. Absent: authenticated. */
  readonly access?: readonly string[] | 'public'
  /** `true`, or what to use instead. */
  readonly deprecated?: true | string
  /** Of `emptyCodec` when there is no input. */
  readonly inputCodec: Codec
  /** Of `emptyCodec` when there is no output. */
  readonly outputCodec: Codec
  /** Never there: it carries the types of the operation for the compiler. */
  readonly '~types'?: Types
}

/** What is read around an operation. */
export interface OperationPlace {
  readonly report: ProblemReport
  readonly module: string
  readonly kind: 'command' | 'query'
  readonly name: string
  /** `commands.place`. */
  readonly where: string
}

/** Reads one entry of `commands` or `queries`. */
export function readOperation(place: OperationPlace, options: CommandOptions | QueryOptions): OperationDefinition {
  const { report, kind, name, where } = place
  checkName(report, where, `a ${kind}`, name)
  const { summary, input, output, access, deprecated } = options
  const inputCodec = checkedCodec(report, `${where}.input`, input)
  const outputCodec = checkedCodec(report, `${where}.output`, output)
  const http = options.http === undefined ? undefined : readHttp(place, options.http, inputCodec)
  if (access !== undefined) checkAccess(place, access)
  return Object.freeze({
    kind,
    name,
    ...(summary === undefined ? {} : { summary }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    errors: readErrors(place, options.errors ?? {}),
    ...(http === undefined ? {} : { http }),
    ...(access === undefined ? {} : { access: access === 'public' ? access : Object.freeze([...access]) }),
    ...(deprecated === undefined || deprecated === false ? {} : { deprecated }),
    inputCodec,
    outputCodec,
  })
}

function readErrors(place: OperationPlace, definitions: ErrorsOptions): Readonly<Record<string, DeclaredError>> {
  const errors: Record<string, DeclaredError> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    const where = `${place.where}.errors.${name}`
    checkName(place.report, where, 'an error', name)
    errors[name] = readError(place.report, where, place.module, name, definition)
  }
  return Object.freeze(errors)
}

function readHttp({ report, kind, where }: OperationPlace, text: string, input: Codec): HttpRoute | undefined {
  const parsed = parseHttp(text)
  if (!parsed.ok) {
    report.add(`${where}.http`, { what: parsed.what, allowed: httpForm, remedy: 'Correct the route.' })
    return undefined
  }
  const { method, parameters } = parsed.route
  if (kind === 'command' && method === 'GET') {
    report.add(`${where}.http`, {
      what: 'a command cannot be a GET, which promises to change nothing (RFC 9110, 9.2.1)',
      allowed: 'POST, PUT, PATCH, DELETE',
      remedy: 'Use another method, or make it a query.',
    })
  }
  if (kind === 'query' && method !== 'GET' && method !== 'POST') {
    report.add(`${where}.http`, {
      what: `a query cannot be a ${method}, which promises a change (RFC 9110, 9.3)`,
      allowed: 'GET; POST for an input that does not fit into a URL',
      remedy: 'Use another method, or make it a command.',
    })
  }
  const known = input === emptyCodec ? new Set<string>() : (propertiesOf(input.jsonSchema) ?? new Set<string>())
  for (const parameter of parameters.filter((name) => !known.has(name))) {
    report.add(`${where}.http`, {
      what: `the path parameter {${parameter}} is not in the input`,
      allowed: known.size === 0 ? 'no parameters, since the input has no properties' : [...known].join(', '),
      remedy: 'Rename the parameter, or add the property to the input.',
    })
  }
  return parsed.route
}

function checkAccess({ report, where }: OperationPlace, access: unknown): void {
  if (access === 'public') return
  const permissions: unknown[] = Array.isArray(access) ? access : []
  if (permissions.length > 0 && permissions.every((name) => typeof name === 'string' && name !== '')) return
  report.add(`${where}.access`, {
    what: `${JSON.stringify(access)} does not say who may call it`,
    allowed: "'public', or a list of at least one permission",
    remedy: 'Leave it out for everybody who is authenticated.',
  })
}
