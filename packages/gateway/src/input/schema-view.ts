/** A JSON Schema, draft 2020-12, as codecs give it. */
export type JsonSchema = { readonly [keyword: string]: unknown }

const depthLimit = 32

/**
 * The plain schemas that a schema stands for: references followed, unions and intersections opened. So what a property
 * may be can be read without knowing how its schema was composed.
 */
export function branchesOf(schema: unknown, root: JsonSchema, depth = 0): readonly JsonSchema[] {
  if (!isRecord(schema) || depth > depthLimit) return []
  const reference = schema['$ref']
  if (typeof reference === 'string') return branchesOf(resolveReference(reference, root), root, depth + 1)
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) => listOf(schema[keyword]))
  const opened = parts.flatMap((part) => branchesOf(part, root, depth + 1))
  // A schema of keywords besides a union says something of its own, for example a type beside `anyOf`.
  return parts.length > 0 && schema['type'] === undefined && schema['properties'] === undefined
    ? opened
    : [schema, ...opened]
}

/** The properties of an input by name, over all its branches; a name may have several schemas. */
export function propertySchemas(schema: JsonSchema): ReadonlyMap<string, readonly unknown[]> {
  const found = new Map<string, unknown[]>()
  for (const branch of branchesOf(schema, schema)) {
    const properties = branch['properties']
    if (!isRecord(properties)) continue
    for (const [name, property] of Object.entries(properties)) found.set(name, [...(found.get(name) ?? []), property])
  }
  return found
}

/** The names that every branch of an input requires. */
export function requiredProperties(schema: JsonSchema): ReadonlySet<string> {
  const required = branchesOf(schema, schema)
    .filter((branch) => isRecord(branch['properties']))
    .map((branch) => new Set(listOf<string>(branch['required'])))
  const [first, ...others] = required
  return new Set([...(first ?? [])].filter((name) => others.every((names) => names.has(name))))
}

export function resolveReference(reference: string, root: JsonSchema): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let place: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const key = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    place = isRecord(place) && Object.hasOwn(place, key) ? place[key] : undefined
  }
  return place
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf<Item = unknown>(value: unknown): readonly Item[] {
  return Array.isArray(value) ? value : []
}
