import { isRecord, type JsonSchema } from '../input/schema-view.js'

/** Schemas under `components`, and how an operation's schema gets there. */
export interface SchemaComponents {
  /** The schema as it may stand in the document: definitions moved to components, references following them. */
  adopt(name: string, schema: JsonSchema): JsonSchema
  /** Puts a schema under components and gives a reference to it. */
  place(name: string, schema: JsonSchema): JsonSchema
  readonly all: Readonly<Record<string, JsonSchema>>
}

export function createSchemaComponents(): SchemaComponents {
  const all: Record<string, JsonSchema> = {}
  const place = (name: string, schema: JsonSchema): JsonSchema => {
    all[name] = schema
    return referenceTo(name)
  }
  return {
    all,
    place,
    adopt(name, schema) {
      const { $schema: _, $defs, ...body } = schema
      const definitions = isRecord($defs) ? Object.entries($defs) : []
      const rewrite = (value: unknown): unknown => rewriteReferences(value, (reference) => renamed(name, reference))
      for (const [key, definition] of definitions) place(`${name}.${safe(key)}`, rewrite(definition) as JsonSchema)
      return rewrite(body) as JsonSchema
    },
  }
}

export function referenceTo(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

// `#` is the whole schema, which stands under its own name; `#/$defs/x` moved beside it.
function renamed(name: string, reference: string): string {
  const prefix = '#/components/schemas/'
  if (reference === '#') return `${prefix}${name}`
  const key = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1]
  return key === undefined ? reference : `${prefix}${name}.${safe(decodeURIComponent(key))}`
}

// Keys of components are letters, digits, dots, hyphens and underscores (OpenAPI 3.1, 4.8.7).
const safe = (key: string): string => key.replace(/[^A-Za-z0-9._-]/g, '_')

function rewriteReferences(value: unknown, rename: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteReferences(item, rename))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? rename(member) : rewriteReferences(member, rename),
    ]),
  )
}

/** An object schema without some of its properties; `undefined` when nothing is left to send. */
export function withoutProperties(schema: JsonSchema, names: readonly string[]): JsonSchema | undefined {
  const { properties, required } = schema
  if (names.length === 0 || !isRecord(properties)) return schema
  const kept = Object.entries(properties).filter(([name]) => !names.includes(name))
  if (kept.length === 0) return undefined
  const needed = Array.isArray(required) ? required.filter((name) => !names.includes(name)) : []
  const { properties: _, required: __, ...rest } = schema
  return { ...rest, properties: Object.fromEntries(kept), ...(needed.length === 0 ? {} : { required: needed }) }
}
