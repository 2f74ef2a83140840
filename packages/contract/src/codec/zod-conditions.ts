import type { Condition, When } from './plan.js'
import { checksOf, type ZodCheck, type ZodSchema } from './zod-internals.js'

/**
 * Formats whose pattern is the whole check. A list of what is known, since a format missing here only costs time (the library's
 * own check is called), while one wrongly here would let through what the library refuses.
 */
const PATTERN_IS_COMPLETE = new Set(
  'cidrv4 cuid cuid2 date datetime duration e164 email emoji guid ipv4 ksuid lowercase mac nanoid regex time ulid uppercase uuid xid'.split(
    ' ',
  ),
)

const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
}

/** What values of a type are asked beyond their type. Only strings and numbers have checks that code can stand in for. */
export function conditionsOf(schema: ZodSchema, type: 'string' | 'number' | 'array' | 'other'): Condition[] {
  return checksOf(schema)
    .filter((check) => check._zod.def.check !== 'describe' && check._zod.def.check !== 'metadata')
    .map((check) => conditionOf(check, type))
}

function conditionOf(check: ZodCheck, type: 'string' | 'number' | 'array' | 'other'): Condition {
  const { traits, def } = check._zod
  if (traits.has('$ZodCheckOverwrite')) return { kind: 'overwrite', owner: def }
  if (traits.has('$ZodCustom') && typeof def.fn === 'function') {
    return { kind: 'predicate', owner: def as { fn(value: unknown): unknown }, when: def.when }
  }
  const known =
    (type === 'string' ? stringCondition(check) : undefined) ??
    (type === 'number' ? numberCondition(check) : undefined) ??
    (type === 'string' || type === 'array' ? lengthCondition(check) : undefined)
  return known ?? { kind: 'library', check: check._zod, when: def.when, rewrites: type === 'string' }
}

function stringCondition(check: ZodCheck): Condition | undefined {
  const { traits, def } = check._zod
  if (def.when !== undefined || (!traits.has('$ZodCheckStringFormat') && !isTextCheck(traits))) return undefined
  if (traits.has('$ZodCheckStartsWith')) return { kind: 'starts-with', text: def.prefix }
  if (traits.has('$ZodCheckEndsWith')) return { kind: 'ends-with', text: def.suffix }
  if (traits.has('$ZodCheckIncludes')) return { kind: 'includes', text: def.includes, position: def.position }
  if (traits.has('$ZodCustomStringFormat') || def.pattern === undefined) return undefined
  return PATTERN_IS_COMPLETE.has(def.format ?? '') ? { kind: 'pattern', pattern: def.pattern } : undefined
}

function isTextCheck(traits: ReadonlySet<string>): boolean {
  return traits.has('$ZodCheckStartsWith') || traits.has('$ZodCheckEndsWith') || traits.has('$ZodCheckIncludes')
}

function numberCondition(check: ZodCheck): Condition | undefined {
  const { traits, def } = check._zod
  if (def.when !== undefined) return undefined
  if (traits.has('$ZodCheckGreaterThan') && typeof def.value === 'number') {
    return { kind: 'bound', operator: def.inclusive ? '>=' : '>', value: def.value }
  }
  if (traits.has('$ZodCheckLessThan') && typeof def.value === 'number') {
    return { kind: 'bound', operator: def.inclusive ? '<=' : '<', value: def.value }
  }
  const range = INTEGER_RANGES[def.format ?? '']
  if (!traits.has('$ZodCheckNumberFormat') || range === undefined) return undefined
  return { kind: 'integer', minimum: range[0], maximum: range[1] }
}

function lengthCondition(check: ZodCheck): Condition | undefined {
  const { traits, def } = check._zod
  if (!isDefaultWhen(def.when)) return undefined
  const exact = check._zod
  if (traits.has('$ZodCheckMinLength')) return { kind: 'length', minimum: def.minimum, maximum: Infinity, exact }
  if (traits.has('$ZodCheckMaxLength')) return { kind: 'length', minimum: 0, maximum: def.maximum, exact }
  if (traits.has('$ZodCheckLengthEquals')) return { kind: 'length', minimum: def.length, maximum: def.length, exact }
  return undefined
}

/** zod gives length checks a `when` of its own that holds for everything with a length; an author's may say anything. */
function isDefaultWhen(when: When | undefined): boolean {
  return when === undefined || when.name === '_whenHasLength'
}
