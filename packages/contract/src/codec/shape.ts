import type { JsonSchema } from './types.js'

/**
 * Reads from a JSON Schema which fields a value may have, without judging the value: that is the schema library's part.
 * Where a schema leaves several possibilities open (a union), their fields are added up, so nothing is stripped that one of them has.
 */
export interface Shape {
  /** The shape of a property, or undefined where no possibility has it, so that it is to be stripped. */
  property(key: string): Shape | undefined
  /** The shape of an element of an array. */
  element(index: number): Shape
}

/** The shape that strips nothing. */
export const openShape: Shape = { property: () => openShape, element: () => openShape }

// A bound against schemas that refer to themselves without end; real ones need a handful.
const POSSIBILITIES_MAX = 1_000

/** The shape that a JSON Schema describes. */
export function shapeOf(root: JsonSchema): Shape {
  return shapeOfAll([root], root)
}

function shapeOfAll(schemas: readonly unknown[], root: JsonSchema): Shape {
  const possibilities = expand(schemas, root)
  if (possibilities === undefined || possibilities.some(isOpen)) return openShape
  return {
    property: (key) => {
      const found = possibilities.flatMap((possibility) => propertySchemas(possibility, key))
      return found.length === 0 ? undefined : shapeOfAll(found, root)
    },
    element: (index) => {
      const found = possibilities.flatMap((possibility) => elementSchemas(possibility, index))
      return found.length === 0 ? openShape : shapeOfAll(found, root)
    },
  }
}

/** Resolves references and opens unions; undefined where that is not possible. */
function expand(schemas: readonly unknown[], root: JsonSchema): JsonSchema[] | undefined {
  const seen = new Set<unknown>()
  const pending = [...schemas]
  const possibilities: JsonSchema[] = []
  while (pending.length > 0) {
    const schema = pending.pop()
    if (seen.has(schema)) continue
    if (typeof schema !== 'object' || schema === null || seen.size >= POSSIBILITIES_MAX) return undefined
    seen.add(schema)
    const { $ref: reference, anyOf, oneOf, allOf } = schema as JsonSchema
    if (reference !== undefined) {
      pending.push(resolve(reference, root))
      continue
    }
    const branches = [anyOf, oneOf, allOf].filter(Array.isArray).flat()
    pending.push(...branches)
    if (branches.length === 0 || hasStructure(schema as JsonSchema)) possibilities.push(schema as JsonSchema)
  }
  return possibilities
}

function resolve(reference: unknown, root: JsonSchema): unknown {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  let found: unknown = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as JsonSchema)[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return found
}

function hasStructure(schema: JsonSchema): boolean {
  return ['properties', 'additionalProperties', 'patternProperties', 'items', 'prefixItems'].some(
    (word) => word in schema,
  )
}

/** A schema that names no type and no structure accepts anything. */
function isOpen(schema: JsonSchema): boolean {
  return !hasStructure(schema) && schema.type === undefined && schema.const === undefined && schema.enum === undefined
}

function propertySchemas(schema: JsonSchema, key: string): unknown[] {
  const { properties, patternProperties, additionalProperties } = schema
  const named: unknown[] = []
  if (typeof properties === 'object' && properties !== null && Object.hasOwn(properties, key)) {
    named.push((properties as JsonSchema)[key])
  }
  if (typeof patternProperties === 'object' && patternProperties !== null) {
    for (const [pattern, found] of Object.entries(patternProperties)) {
      if (new RegExp(pattern, 'u').test(key)) named.push(found)
    }
  }
  if (named.length > 0) return named
  // `false` refuses the key: it is kept for the library to say so.
  if (additionalProperties === false || additionalProperties === true) return [{}]
  return additionalProperties === undefined ? [] : [additionalProperties]
}

function elementSchemas(schema: JsonSchema, index: number): unknown[] {
  const { prefixItems, items } = schema
  if (Array.isArray(prefixItems) && index < prefixItems.length) return [prefixItems[index]]
  return typeof items === 'object' && items !== null ? [items] : []
}
