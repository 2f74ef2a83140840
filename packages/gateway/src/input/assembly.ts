import type { OperationDefinition } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { type Coercion, compileCoercion } from './coercion.js'
import { branchesOf, isRecord, propertySchemas } from './schema-view.js'

type Parameters = Readonly<Record<string, string | readonly string[]>>

/** Makes the input of an operation from path, query string and body, which together form it. */
export type InputAssembly = (path: Parameters, query: Parameters, body: unknown) => unknown

/**
 * Compiles how the input of an operation comes together. Path and query string are coerced by the schema; the body is
 * taken as it is. One name given twice with different values is refused, because either choice would surprise somebody.
 */
export function compileAssembly(module: string, operation: OperationDefinition): InputAssembly {
  const { http, input } = operation
  if (http === undefined || input === undefined) return () => undefined
  const schema = operation.inputCodec.jsonSchema
  const coercions = new Map<string, Coercion>()
  for (const [name, schemas] of propertySchemas(schema)) coercions.set(name, compileCoercion(schemas, schema))
  const name = `${module}.${operation.name}`
  const parameters = http.parameters
  const hasBody = http.method !== 'GET'
  // An object of optional fields may come without a body; anything else that is missing is for validation to tell.
  const takesObject = branchesOf(schema, schema).some(
    ({ type, properties }) => type === 'object' || isRecord(properties),
  )
  return (path, query, body) => {
    const target = body === undefined && takesObject ? {} : body
    if (!isRecord(target)) {
      if (parameters.length > 0) throw refused(name, [], 'the body must be an object')
      return target
    }
    for (const parameter of parameters) {
      const given = path[parameter]
      if (given !== undefined) put(name, target, parameter, coerce(coercions, parameter, given))
    }
    for (const key in query) {
      // With a body, other names of the query string are none of the operation's business (utm_source, …).
      if (hasBody && !coercions.has(key)) continue
      put(name, target, key, coerce(coercions, key, query[key] as string | readonly string[]))
    }
    return target
  }
}

function coerce(coercions: ReadonlyMap<string, Coercion>, name: string, given: string | readonly string[]): unknown {
  const coercion = coercions.get(name)
  return coercion === undefined ? given : coercion(given)
}

function put(operation: string, target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') return
  if (!Object.hasOwn(target, name)) target[name] = value
  else if (target[name] !== value) throw refused(operation, [name], 'it is given twice, with different values')
}

function refused(operation: string, path: readonly string[], message: string): Error {
  const summary = path.length === 0 ? message : `${path.join('.')}: ${message}`
  return banyanError('invalid-input', { operation, summary }, { details: { issues: [{ path, message }] } })
}
