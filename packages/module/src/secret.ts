import { z } from 'zod'
import type { ValidatingSchema } from './module-types.js'

/**
 * A text in the config of a module that must not be shown: a key, a password. It is a schema of zod, so that it stands
 * in `z.object`, and may be narrowed like one (`secret().min(20)`). Never empty.
 */
export function secret(): z.ZodString {
  // JSON Schema's own word for what may be sent and never read back; it survives in what is made from the schema.
  return z.string().min(1).meta({ writeOnly: true })
}

interface DescribedSchema {
  readonly '~standard': { readonly jsonSchema?: { readonly input?: (options: object) => unknown } }
}

/**
 * The names of the settings that are secrets, for those who print a config. Every setting is taken for a secret when
 * the schema does not describe itself.
 */
export function secretNames(config: ValidatingSchema, settings: Iterable<string>): ReadonlySet<string> {
  const describe = (config as DescribedSchema)['~standard'].jsonSchema?.input
  const described = describe?.({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } })
  const properties = isRecord(described) && isRecord(described.properties) ? described.properties : undefined
  if (properties === undefined) return new Set(settings)
  return new Set([...settings].filter((name) => isSecret(properties[name])))
}

function isSecret(property: unknown): boolean {
  if (!isRecord(property)) return true
  const alternatives = property.anyOf
  return property.writeOnly === true || (Array.isArray(alternatives) && alternatives.some(isSecret))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
