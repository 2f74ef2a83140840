import { isRecord, type JsonSchema } from '../input/schema-view.js'

const depthLimit = 32
const scalars = new Set(['string', 'number', 'integer', 'boolean', 'null'])
// Keywords that only narrow values: a serialiser need not know them, because outputs were validated before.
const narrowing = [
  ...['title', 'description', 'deprecated', 'readOnly', 'writeOnly', 'examples', '$comment', '$schema', 'format'],
  ...['pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minItems', 'maxItems', 'uniqueItems', 'contentEncoding', 'contentMediaType', 'enum', 'const'],
]
const known = new Set([...narrowing, 'type', 'properties', 'required', 'items', 'additionalProperties'])

/**
 * The part of a schema that a compiled serialiser needs; `undefined` when a compiled one might not write exactly what
 * `JSON.stringify` would. Unions would be decided by guessing, defaults would be filled in and dates rewritten; so only
 * plain objects, lists and scalars are compiled, each of which may be null.
 */
export function serializerSchema(schema: unknown, depth = 0): JsonSchema | undefined {
  if (!isRecord(schema) || depth > depthLimit) return undefined
  const [plain, nullable] = withoutNull(schema)
  if (plain === undefined || Object.keys(plain).some((keyword) => !known.has(keyword))) return undefined
  const shape = shapeOf(plain, depth + 1)
  return shape === undefined ? undefined : nullable ? { ...shape, nullable } : shape
}

function shapeOf(
  { type, properties, required, items, additionalProperties }: JsonSchema,
  depth: number,
): JsonSchema | undefined {
  if (typeof type !== 'string') return undefined
  if (scalars.has(type)) return { type }
  if (type === 'array') {
    const element = serializerSchema(items, depth)
    return element === undefined ? undefined : { type, items: element }
  }
  if (type !== 'object' || !isRecord(properties)) return undefined
  if (additionalProperties !== undefined && additionalProperties !== false) return undefined
  const members: Record<string, JsonSchema> = {}
  for (const [name, property] of Object.entries(properties)) {
    const member = serializerSchema(property, depth)
    if (member === undefined || name === '__proto__') return undefined
    members[name] = member
  }
  return { type, properties: members, ...(Array.isArray(required) ? { required } : {}) }
}

// `type: [T, 'null']` and `anyOf: [T, null]` say the same.
function withoutNull(schema: JsonSchema): [JsonSchema | undefined, boolean] {
  const { type, anyOf, ...others } = schema
  if (Array.isArray(type)) {
    const [only, ...more] = type.filter((name) => name !== 'null')
    return more.length > 0 || anyOf !== undefined
      ? [undefined, false]
      : [{ ...others, type: only }, type.includes('null')]
  }
  if (!Array.isArray(anyOf)) return [schema, false]
  const [member, ...more] = anyOf.filter((branch) => !isRecord(branch) || branch['type'] !== 'null')
  const alone = more.length === 0 && type === undefined && isRecord(member) && anyOf.length === 2
  return alone ? [{ ...others, ...member }, true] : [undefined, false]
}
