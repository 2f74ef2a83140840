import { branchesOf, type JsonSchema } from './schema-view.js'

/** Turns what a path or query string carries into what the schema asks for. What does not fit is left as it is, so that validation names it. */
export type Coercion = (given: string | readonly string[]) => unknown

/** What a parameter may be, over all branches of its schema. */
export interface ParameterShape {
  /** Texts that are taken as they are; `undefined`: none, `true`: any. */
  readonly texts: true | ReadonlySet<string> | undefined
  readonly number: boolean
  readonly boolean: boolean
  readonly null: boolean
  /** Schemas of the elements, if it may be a list. */
  readonly items: readonly unknown[] | undefined
  readonly object: boolean
}

// The grammar of numbers in JSON: no hex, no leading zeros, no white space.
const numberForm = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

export function parameterShape(schemas: readonly unknown[], root: JsonSchema): ParameterShape {
  const branches = schemas.flatMap((schema) => branchesOf(schema, root))
  const types = branches.map(typesOf)
  const some = (type: string): boolean => types.some((names) => names.includes(type))
  const lists = branches.filter((_, index) => types[index]?.includes('array'))
  return {
    texts: textsOf(branches.filter((_, index) => types[index]?.includes('string'))),
    number: some('number') || some('integer'),
    boolean: some('boolean'),
    null: some('null'),
    items: lists.length === 0 ? undefined : lists.map((list) => list['items']),
    object: some('object'),
  }
}

/** Whether a path or query string can carry the parameter at all. */
export function isCarried(shape: ParameterShape, root: JsonSchema, place: 'path' | 'query'): boolean {
  if (shape.texts !== undefined || shape.number || shape.boolean) return true
  if (place === 'path' || shape.items === undefined) return false
  const element = parameterShape(shape.items, root)
  return element.items === undefined && isCarried(element, root, 'path')
}

/** Compiles the coercion of one parameter. */
export function compileCoercion(schemas: readonly unknown[], root: JsonSchema): Coercion {
  const shape = parameterShape(schemas, root)
  const single = compileSingle(shape)
  if (shape.items === undefined) return (given) => (typeof given === 'string' ? single(given) : given)
  const element = compileSingle(parameterShape(shape.items, root))
  // Lists come by repetition; one occurrence is a list of one.
  return (given) => (typeof given === 'string' ? [element(given)] : given.map(element))
}

function compileSingle(shape: ParameterShape): (text: string) => unknown {
  const { texts } = shape
  if (texts === true) return (text) => text
  return (text) => {
    if (texts?.has(text) === true) return text
    if (shape.number && numberForm.test(text)) return toNumber(text)
    if (shape.boolean && (text === 'true' || text === 'false')) return text === 'true'
    return shape.null && text === '' ? null : text
  }
}

// A number that would not come back as the same digits stays a text, so that validation refuses it instead of rounding.
function toNumber(text: string): unknown {
  const value = Number(text)
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text
}

function typesOf(schema: JsonSchema): readonly string[] {
  const type = schema['type']
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type
  const values = literalsOf(schema)
  if (values !== undefined) return values.map((value) => (value === null ? 'null' : typeof value))
  if (schema['properties'] !== undefined) return ['object']
  // Nothing said: anything goes, and a text is what was sent.
  return ['string']
}

function textsOf(branches: readonly JsonSchema[]): true | ReadonlySet<string> | undefined {
  if (branches.length === 0) return undefined
  const texts = new Set<string>()
  for (const branch of branches) {
    const values = literalsOf(branch)
    if (values === undefined) return true
    for (const value of values) if (typeof value === 'string') texts.add(value)
  }
  return texts
}

function literalsOf(schema: JsonSchema): readonly unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema['const']]
  return Array.isArray(schema['enum']) ? schema['enum'] : undefined
}
