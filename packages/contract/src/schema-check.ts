import {
  type Codec,
  compileCodec,
  emptyCodec,
  isCodecError,
  type JsonSchema,
  type StandardSchema,
} from './codec/index.js'
import type { ProblemReport } from './problems.js'
import { type AnySchema, isSchema } from './schema.js'

/**
 * The codec of a schema in a contract. What cannot cross a contract is reported, and `emptyCodec` stands in for it, so
 * that the rest of the definition is checked too.
 */
export function checkedCodec(report: ProblemReport, where: string, schema: AnySchema | undefined): Codec {
  if (schema === undefined) return emptyCodec
  if (!isSchema(schema)) {
    report.add(where, {
      what: 'this is not a schema',
      allowed: 'a Standard Schema with Standard JSON Schema, for example one of zod 4',
      remedy: 'Write z.object({ … }) around it.',
    })
    return emptyCodec
  }
  try {
    // Whether it really is one that describes itself is for compileCodec to say, with a remedy.
    return compileCodec(schema as StandardSchema)
  } catch (error) {
    if (!isCodecError(error)) throw error
    for (const { path, message, remedy } of error.problems) {
      report.add(path === '' ? where : `${where}.${path}`, { what: message, remedy })
    }
    return emptyCodec
  }
}

/**
 * The properties that a JSON Schema names: of an object, of a reference, of every part of an intersection, and those
 * that all members of a union have. `undefined` when the schema describes no object.
 */
export function propertiesOf(
  schema: JsonSchema,
  root: JsonSchema = schema,
  depth = 0,
): ReadonlySet<string> | undefined {
  if (depth > 32) return undefined
  const reference = schema.$ref
  if (typeof reference === 'string') {
    const target = resolveReference(reference, root)
    return target === undefined ? undefined : propertiesOf(target, root, depth + 1)
  }
  const own = isRecord(schema.properties) ? new Set(Object.keys(schema.properties)) : undefined
  const parts = listOf(schema.allOf).map((part) => propertiesOf(part, root, depth + 1))
  const members = [...listOf(schema.anyOf), ...listOf(schema.oneOf)].map((member) =>
    propertiesOf(member, root, depth + 1),
  )
  const found = [own, ...parts, common(members)].filter((names) => names !== undefined)
  if (found.length === 0) return schema.type === 'object' ? new Set() : undefined
  return new Set(found.flatMap((names) => [...names]))
}

function common(members: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const [first, ...others] = members
  if (first === undefined) return undefined
  return new Set([...first].filter((name) => others.every((other) => other?.has(name) === true)))
}

function resolveReference(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let place: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const key = decodeURIComponent(token).replace(/~1/g, '/').replace(/~0/g, '~')
    place = isRecord(place) ? place[key] : undefined
  }
  return isRecord(place) ? place : undefined
}

function listOf(value: unknown): readonly JsonSchema[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
