import type { OperationDefinition } from '@banyan/contract'
import { catalogue, type ErrorCode } from '@banyan/errors'
import type { JsonSchema } from '../input/schema-view.js'
import { type ProblemDocument, problemDocument, problemMediaType, problemTitle } from '../problem/problem.js'
import { referenceTo, type SchemaComponents } from './schemas.js'

/** What every problem has (RFC 9457 and Banyan's own members). */
const problem: JsonSchema = {
  title: 'Problem',
  type: 'object',
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'urn:banyan:error:<code>' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 100, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference', description: 'urn:banyan:correlation:<id>' },
    code: { type: 'string' },
    retryable: {
      type: 'boolean',
      description: 'Whether the same request, under the same Idempotency-Key, may succeed later',
    },
    issues: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'array', items: { type: ['string', 'integer'] } },
          message: { type: 'string' },
        },
      },
    },
    details: {},
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'retryable'],
}

interface PossibleProblem {
  readonly status: number
  readonly name: string
  readonly code: string
  /** Whether Banyan raises it, for any operation. */
  readonly common: boolean
  /** As it may look; absent where only the contract could tell. */
  readonly example?: ProblemDocument
}

/** Responses under `components` that many operations share. */
export interface ResponseComponents {
  readonly responses: Record<string, object>
}

/** The problem responses of an operation by status: what Banyan may raise, and what the contract declares. */
export function problemResponses(
  components: SchemaComponents & ResponseComponents,
  operation: OperationDefinition,
): Record<string, object> {
  const possible = [
    ...raisedCodes(operation).map((code) => raised(components, code)),
    ...Object.values(operation.errors).map((error) => declared(components, error)),
  ]
  const byStatus = new Map<number, PossibleProblem[]>()
  for (const one of possible) byStatus.set(one.status, [...(byStatus.get(one.status) ?? []), one])
  const statuses = [...byStatus].sort(([one], [other]) => one - other)
  const responses = Object.fromEntries(
    statuses.map(([status, group]) => [String(status), sharedResponse(components, group)]),
  )
  components.place('Problem', problem)
  components.responses['Problem'] ??= {
    description: 'Another problem',
    content: { [problemMediaType]: { schema: referenceTo('Problem') } },
  }
  return { ...responses, default: { $ref: '#/components/responses/Problem' } }
}

// What only Banyan raises is the same for thousands of operations, so it stands in the document once.
function sharedResponse({ responses }: ResponseComponents, group: readonly PossibleProblem[]): object {
  if (group.some(({ common }) => !common)) return response(group)
  const name = group.map(({ code }) => code).join('_')
  responses[name] ??= response(group)
  return { $ref: `#/components/responses/${name}` }
}

function raisedCodes({ kind, access, input, output, http }: OperationDefinition): readonly ErrorCode[] {
  const codes: ErrorCode[] = ['internal', 'overloaded', 'unavailable', 'deadline-exceeded']
  if (input !== undefined) codes.push('invalid-input')
  if (access !== 'public') codes.push('not-authenticated')
  if (access !== 'public' && access !== undefined) codes.push('access-denied')
  if (http?.method === 'GET' && output !== undefined) codes.push('not-found')
  if (http?.method !== 'GET') codes.push('invalid-request', 'payload-too-large', 'unsupported-media-type')
  if (kind === 'command') {
    codes.push('outcome-unknown', 'in-progress', 'id-reused', 'id-expired', 'invalid-idempotency-key')
  }
  return codes
}

function raised(components: SchemaComponents, code: ErrorCode): PossibleProblem {
  const { status, cause, remedy, retryable } = catalogue[code]
  const name = `Problem.${code}`
  const members = { code: { const: code }, status: { const: status }, retryable: { const: retryable } }
  components.place(name, variant(code, members, `${cause} ${remedy}`))
  return { status, name, code, common: true, example: exampleOf(code, status, catalogue[code].message, retryable) }
}

function declared(components: SchemaComponents, error: OperationDefinition['errors'][string]): PossibleProblem {
  const { code, status, message, retryable } = error
  const name = `Problem.${code}`
  const details = error.details === undefined ? {} : { details: components.adopt(name, error.detailsCodec.jsonSchema) }
  const members = { code: { const: code }, status: { const: status }, retryable: { const: retryable }, ...details }
  components.place(name, variant(code, members, message))
  const example = error.details === undefined ? { example: exampleOf(code, status, message, retryable) } : {}
  return { status, name, code, common: false, ...example }
}

function exampleOf(code: string, status: number, message: string, retryable: boolean): ProblemDocument {
  return problemDocument({ code, status, message, retryable }, '4bf92f3577b34da6a3ce929d0e0e4736')
}

function variant(code: string, properties: object, description: string): JsonSchema {
  const type = 'object'
  return {
    title: problemTitle(code),
    description,
    allOf: [referenceTo('Problem'), { type, properties, required: ['code'] }],
  }
}

// The codes tell the variants apart, so exactly one of them fits.
function response(group: readonly PossibleProblem[]): object {
  const references = group.map(({ name }) => referenceTo(name))
  const mapping = Object.fromEntries(group.map(({ code, name }) => [code, `#/components/schemas/${name}`]))
  const several = { oneOf: references, discriminator: { propertyName: 'code', mapping } }
  const examples = Object.fromEntries(
    group.flatMap(({ code, example }) => (example === undefined ? [] : [[code, { value: example }]])),
  )
  const schema = group.length === 1 ? references[0] : several
  return {
    description: group.map(({ code }) => problemTitle(code)).join(', or '),
    content: { [problemMediaType]: Object.keys(examples).length === 0 ? { schema } : { schema, examples } },
  }
}
