import type { OperationDefinition } from '@banyan/contract'
import type { Problem } from '@banyan/errors'
import { isCarried, parameterShape } from './coercion.js'
import { propertySchemas, requiredProperties } from './schema-view.js'

/** What of an operation's input cannot come by its HTTP route. */
export function checkParameters(module: string, operation: OperationDefinition): readonly Problem[] {
  const { http, input } = operation
  if (http === undefined) return []
  const schema = input === undefined ? {} : operation.inputCodec.jsonSchema
  const properties = propertySchemas(schema)
  const required = requiredProperties(schema)
  const who = `module ${module}`
  const where = `${operation.kind === 'command' ? 'commands' : 'queries'}.${operation.name}.http`
  const problems: Problem[] = []
  for (const name of http.parameters) {
    const schemas = properties.get(name)
    if (schemas === undefined) {
      const allowed = [...properties.keys()].join(', ')
      problems.push({
        who,
        where,
        what: `the path parameter {${name}} is not a property of the input`,
        ...(allowed === '' ? {} : { allowed }),
        remedy: 'Name the parameter like the property that it carries.',
      })
    } else if (!isCarried(parameterShape(schemas, schema), schema, 'path')) {
      problems.push({
        who,
        where,
        what: `a path cannot carry {${name}}, which is neither text, number nor boolean`,
        allowed: 'strings, numbers, integers, booleans',
        remedy: 'Send it in the body.',
      })
    }
  }
  if (http.method !== 'GET') return problems
  for (const name of required) {
    const schemas = properties.get(name) ?? []
    if (http.parameters.includes(name) || isCarried(parameterShape(schemas, schema), schema, 'query')) continue
    problems.push({
      who,
      where,
      what: `a query string cannot carry ${name}, and GET has no body`,
      allowed: 'strings, numbers, integers, booleans and lists of these',
      remedy: 'Use POST, or flatten the input.',
    })
  }
  return problems
}
