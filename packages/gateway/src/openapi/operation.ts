import { isCarried, parameterShape } from '../input/coercion.js'
import { branchesOf, isRecord, type JsonSchema, propertySchemas, requiredProperties } from '../input/schema-view.js'
import type { PlannedOperation, PlannedRawRoute } from '../routes/table.js'
import { problemResponses, type ResponseComponents } from './problems.js'
import { type SchemaComponents, withoutProperties } from './schemas.js'

/** The name of the security scheme that stands for whatever `identify` understands. */
export const callerScheme = 'caller'

// Without an example: the page of documents would fill it in, and the first request of everybody would be one command.
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A quoted string, for example `"8e03978e-40d5-43e8-bc93-6894a57f9324"`; a new one for each command. ' +
    'The same key again gives the recorded outcome; the effect happens once.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

/** An operation of a contract as OpenAPI describes it. */
export function describeOperation(
  components: SchemaComponents & ResponseComponents,
  { module, operation, http }: PlannedOperation,
): object {
  const name = `${module}.${operation.name}`
  const { summary, deprecated, access } = operation
  const input = operation.input === undefined ? undefined : operation.inputCodec.jsonSchema
  const schema = input === undefined ? undefined : components.adopt(`${name}.input`, input)
  const parameters = [
    ...(input === undefined || schema === undefined ? [] : parametersOf(http, input, schema)),
    ...(operation.kind === 'command' ? [idempotencyKey] : []),
  ]
  const description = descriptionOf(access, deprecated)
  return {
    operationId: name,
    tags: [module],
    ...(summary === undefined ? {} : { summary }),
    ...(description === '' ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated: true }),
    security: access === 'public' ? [] : [{ [callerScheme]: [...(access ?? [])] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(components, name, http, schema),
    responses: { ...success(components, name, operation), ...problemResponses(components, operation) },
  }
}

/** A raw route: only that it is there, since its module alone knows what it takes and gives. */
export function describeRawRoute({ module, route, access, http }: PlannedRawRoute): object {
  const parameters = http.parameters.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  return {
    operationId: `${module} ${route}`.replace(/[^A-Za-z0-9]+/g, '_').replace(/_$/, ''),
    tags: [module],
    description: 'A raw route: the module defines what it takes and gives.',
    security: access === 'public' ? [] : [{ [callerScheme]: [...(access ?? [])] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(http.method === 'GET' ? {} : { requestBody: { content: { '*/*': {} } } }),
    responses: { default: { description: 'As the module defines it' } },
  }
}

function descriptionOf(
  access: PlannedOperation['operation']['access'],
  deprecated: PlannedOperation['operation']['deprecated'],
): string {
  const lines: string[] = []
  if (typeof deprecated === 'string') lines.push(`Deprecated: ${deprecated}`)
  if (typeof access === 'object' && access.length > 0) lines.push(`Needs the permissions ${access.join(', ')}.`)
  return lines.join('\n\n')
}

function parametersOf(http: PlannedOperation['http'], input: JsonSchema, adopted: JsonSchema): object[] {
  const required = requiredProperties(input)
  const carried = [...propertySchemas(input)].filter(([, schemas]) =>
    isCarried(parameterShape(schemas, input), input, 'query'),
  )
  const names = http.method === 'GET' ? carried.map(([name]) => name) : http.parameters
  const inPath = new Set(http.parameters)
  const ordered = [...http.parameters, ...names.filter((name) => !inPath.has(name))]
  return ordered.map((name) => {
    const schema = adoptedProperty(adopted, name)
    const description = schema['description']
    return {
      name,
      in: inPath.has(name) ? 'path' : 'query',
      required: inPath.has(name) || required.has(name),
      ...(typeof description === 'string' ? { description } : {}),
      ...(schema['deprecated'] === true ? { deprecated: true } : {}),
      schema,
    }
  })
}

// The property as the document knows it; of an input with branches, any branch's.
function adoptedProperty(adopted: JsonSchema, name: string): JsonSchema {
  const found = branchesOf(adopted, adopted)
    .map(({ properties }) => (isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined))
    .filter((schema) => schema !== undefined)
  const [only, ...more] = found
  if (more.length === 0) return isRecord(only) ? only : {}
  return { anyOf: found }
}

function requestBody(
  components: SchemaComponents,
  name: string,
  http: PlannedOperation['http'],
  schema: JsonSchema | undefined,
): object {
  if (schema === undefined || http.method === 'GET') return {}
  const body = withoutProperties(schema, http.parameters)
  if (body === undefined) return {}
  const required = !Array.isArray(body['required']) || body['required'].length > 0
  const reference = components.place(`${name}.input`, body)
  return { requestBody: { required, content: { 'application/json': { schema: reference } } } }
}

function success(
  components: SchemaComponents,
  name: string,
  operation: PlannedOperation['operation'],
): Record<string, object> {
  if (operation.output === undefined) return { '204': { description: 'Done' } }
  const output = components.adopt(`${name}.output`, operation.outputCodec.jsonSchema)
  const schema = components.place(`${name}.output`, output)
  return { '200': { description: 'The result', content: { 'application/json': { schema } } } }
}
