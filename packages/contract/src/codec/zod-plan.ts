import { type Absence, annotate, type DiscriminatedCase, type Literal, type Plan, type PlanNode } from './plan.js'
import { isPortableText } from './portable.js'
import { conditionsOf } from './zod-conditions.js'
import { checksOf, enumValues, type ZodSchema } from './zod-internals.js'

/**
 * Describes a zod schema so that code can be generated for it.
 *
 * I1 A schema is described only by what is on the lists in this file: its type, and the traits that say which code of zod
 *    runs it. Whatever is not on them becomes an island: zod decodes it, from a portable copy.
 * I2 What zod's author wrote (refine, superRefine, trim, …) is called, never imitated.
 */
export function planOfZod(schema: ZodSchema): PlanNode {
  const builder = new Builder()
  const root = builder.node(schema)
  annotate(builder.nodes, builder.cyclic)
  return root
}

/** The class of zod that parses each type; traits beyond those and the string formats make a schema unknown (I1). */
const PARSERS: Readonly<Record<string, readonly string[]>> = {
  string: ['$ZodString'],
  number: ['$ZodNumber', '$ZodNumberFormat'],
  boolean: ['$ZodBoolean'],
  null: ['$ZodNull'],
  any: ['$ZodAny'],
  unknown: ['$ZodUnknown'],
  never: ['$ZodNever'],
  literal: ['$ZodLiteral'],
  enum: ['$ZodEnum'],
  template_literal: ['$ZodTemplateLiteral'],
  object: ['$ZodObject', '$ZodObjectJIT'],
  array: ['$ZodArray'],
  tuple: ['$ZodTuple'],
  record: ['$ZodRecord'],
  union: ['$ZodUnion', '$ZodXor', '$ZodDiscriminatedUnion'],
  intersection: ['$ZodIntersection'],
  optional: ['$ZodOptional', '$ZodExactOptional'],
  nullable: ['$ZodNullable'],
  nonoptional: ['$ZodNonOptional'],
  readonly: ['$ZodReadonly'],
  default: ['$ZodDefault'],
  prefault: ['$ZodPrefault'],
  catch: ['$ZodCatch'],
  pipe: ['$ZodPipe', '$ZodCodec', '$ZodPreprocess'],
  lazy: ['$ZodLazy'],
}

const COMMON_TRAITS = ['$ZodType', '$ZodCheck', '$ZodStringFormat', '$ZodCheckStringFormat', '$ZodCheckNumberFormat']

const STRING_FORMATS = new Set(
  'GUID UUID Email URL Emoji NanoID CUID CUID2 ULID XID KSUID ISODateTime ISODate ISOTime ISODuration IPv4 IPv6 MAC CIDRv4 CIDRv6 Base64 Base64URL E164 CreditCard IBAN JWT CustomStringFormat'
    .split(' ')
    .map((name) => `$Zod${name}`),
)

function isKnown(schema: ZodSchema): boolean {
  const { def, traits } = schema._zod
  const parsers = PARSERS[def.type]
  if (parsers === undefined || schema._zod.toJSONSchema !== undefined) return false
  for (const trait of traits) {
    const known = trait.startsWith('$')
      ? parsers.includes(trait) || COMMON_TRAITS.includes(trait) || (def.type === 'string' && STRING_FORMATS.has(trait))
      : /^_?Zod[A-Z]/.test(trait)
    if (!known) return false
  }
  return true
}

class Builder {
  readonly nodes: PlanNode[] = []
  cyclic = false
  readonly #known = new Map<ZodSchema, PlanNode>()
  readonly #pending = new Set<PlanNode>()

  node(schema: ZodSchema): PlanNode {
    const known = this.#known.get(schema)
    if (known !== undefined) {
      this.cyclic ||= this.#pending.has(known)
      return known
    }
    const node = this.#made({ kind: 'unknown' })
    this.#known.set(schema, node)
    this.#pending.add(node)
    node.plan = this.#plan(schema)
    this.#pending.delete(node)
    return node
  }

  #made(plan: Plan): PlanNode {
    const node = { plan, transforms: false, recursive: false }
    this.nodes.push(node)
    return node
  }

  #island(schema: ZodSchema, input: Plan): Plan {
    return { kind: 'island', input: this.#made(input), schema }
  }

  #plan(schema: ZodSchema): Plan {
    if (!isKnown(schema) || schema._zod.def.coerce) return this.#island(schema, { kind: 'unknown' })
    const { type } = schema._zod.def
    if (type === 'string') return { kind: 'string', conditions: conditionsOf(schema, 'string') }
    if (type === 'number')
      return this.#withConditions(schema, 'number', (conditions) => ({ kind: 'number', conditions }))
    if (type === 'array') {
      const element = this.node(schema._zod.def.element)
      return this.#withConditions(schema, 'array', (conditions) => ({ kind: 'array', element, conditions }))
    }
    const plan = this.#basePlan(schema)
    if (plan.kind === 'island' || checksOf(schema).length === 0) return plan
    return this.#withConditions(schema, 'other', (conditions) => ({
      kind: 'same',
      inner: this.#made(plan),
      conditions,
    }))
  }

  /** Only strings can be overwritten on the way; any other type that is goes to zod as a whole. */
  #withConditions(
    schema: ZodSchema,
    type: 'number' | 'array' | 'other',
    make: (conditions: ReturnType<typeof conditionsOf>) => Plan,
  ): Plan {
    const conditions = conditionsOf(schema, type)
    return conditions.some(({ kind }) => kind === 'overwrite') ? this.#island(schema, make([])) : make(conditions)
  }

  #basePlan(schema: ZodSchema): Plan {
    const { def } = schema._zod
    switch (def.type) {
      case 'boolean':
        return { kind: 'boolean' }
      case 'null':
        return { kind: 'literal', values: [null] }
      case 'never':
        return { kind: 'never' }
      case 'any':
      case 'unknown':
        return { kind: 'unknown' }
      case 'literal':
        return { kind: 'literal', values: def.values.filter(isLiteral) }
      case 'enum':
        return { kind: 'literal', values: enumValues(def.entries).filter(isLiteral) }
      case 'template_literal':
        return templatePlan(schema)
      case 'object':
        return this.#object(schema)
      case 'record':
        return this.#record(schema)
      case 'tuple':
        return this.#tuple(schema)
      case 'union':
        return this.#union(schema)
      case 'intersection':
        return this.#intersection(schema)
      default:
        return this.#wrapper(schema)
    }
  }

  #wrapper(schema: ZodSchema): Plan {
    const { def } = schema._zod
    switch (def.type) {
      case 'lazy':
        return { kind: 'same', inner: this.node(schema._zod.innerType as ZodSchema), conditions: [] }
      case 'nullable':
        return { kind: 'nullable', inner: this.node(def.innerType) }
      case 'nonoptional':
        return { kind: 'required', inner: this.node(def.innerType) }
      case 'readonly':
        return { kind: 'frozen', inner: this.node(def.innerType) }
      case 'default':
        return { kind: 'default', inner: this.node(def.innerType), owner: def }
      case 'optional': {
        // A default below an optional still fills in what is absent.
        const inner = this.node(def.innerType)
        return def.innerType._zod.optin === 'defaulted'
          ? { kind: 'same', inner, conditions: [] }
          : { kind: 'optional', inner }
      }
      case 'prefault':
        return this.#island(schema, { kind: 'optional', inner: this.node(def.innerType) })
      case 'pipe':
        return this.#island(schema, this.#pipeInput(def.in))
      default:
        // catch: takes what its inner schema takes, and anything else too.
        return this.#island(schema, this.#orAnything(this.node(def.innerType)))
    }
  }

  /** z.preprocess hands its function whatever came. */
  #pipeInput(input: ZodSchema): Plan {
    if (input._zod.def.type === 'transform') return { kind: 'optional', inner: this.#made({ kind: 'unknown' }) }
    return { kind: 'same', inner: this.node(input), conditions: [] }
  }

  #orAnything(inner: PlanNode): Plan {
    const anything = this.#made({ kind: 'unknown' })
    return { kind: 'optional', inner: this.#made({ kind: 'union', options: [inner, anything], exclusive: false }) }
  }

  #object(schema: ZodSchema): Plan {
    const { shape, catchall } = schema._zod.def
    const keys = Object.keys(shape)
    if (keys.includes('__proto__') || !keys.every(isPortableText) || Object.getOwnPropertySymbols(shape).length > 0) {
      return this.#island(schema, { kind: 'unknown' })
    }
    const properties = keys.map((key) => this.#property(key, shape[key] as ZodSchema))
    if (catchall === undefined) return { kind: 'object', properties, rest: 'stripped' }
    const refused = catchall._zod.def.type === 'never' && isKnown(catchall)
    return { kind: 'object', properties, rest: refused ? 'refused' : this.node(catchall) }
  }

  #property(key: string, schema: ZodSchema): { key: string; node: PlanNode; absence: Absence } {
    return { key, node: this.node(schema), absence: absenceOf(schema) }
  }

  #record(schema: ZodSchema): Plan {
    const { keyType, valueType, mode, partial } = schema._zod.def
    const value = this.node(valueType)
    const key = this.node(keyType)
    const anyKey: Plan = { kind: 'record', key: this.#made({ kind: 'string', conditions: [] }), value }
    const keys = keyType._zod.values
    if (mode === 'loose') return this.#island(schema, { kind: 'unknown' })
    if (keys === undefined)
      return key.plan.kind === 'string' && !rewritesKeys(key.plan)
        ? { kind: 'record', key, value }
        : this.#island(schema, anyKey)
    if (key.plan.kind !== 'literal' || ![...keys].every(isRecordKey)) return this.#island(schema, anyKey)
    if (partial) return { kind: 'record', key, value }
    const absence: Absence = ['any', 'unknown'].includes(valueType._zod.def.type) ? 'left-out' : absenceOf(valueType)
    const properties = [...keys].map((name) => ({ key: String(name), node: value, absence }))
    return { kind: 'object', properties, rest: 'refused' }
  }

  #tuple(schema: ZodSchema): Plan {
    const { items, rest } = schema._zod.def
    const absences = items.map(absenceOf)
    const plan: Plan = {
      kind: 'tuple',
      items: items.map((item) => this.node(item)),
      required: absences.lastIndexOf('refused') + 1,
      rest: rest ? this.node(rest) : undefined,
    }
    return absences.includes('decoded') ? this.#island(schema, plan) : plan
  }

  #union(schema: ZodSchema): Plan {
    const { options, discriminator, unionFallback } = schema._zod.def
    const exclusive = schema._zod.traits.has('$ZodXor')
    const plan: Plan = { kind: 'union', options: options.map((option) => this.node(option)), exclusive }
    if (!schema._zod.traits.has('$ZodDiscriminatedUnion')) return plan
    const cases = unionFallback ? undefined : this.#cases(options, discriminator)
    return cases === undefined ? this.#island(schema, plan) : { kind: 'discriminated', key: discriminator, cases }
  }

  #cases(options: readonly ZodSchema[], discriminator: string): DiscriminatedCase[] | undefined {
    const seen = new Set<unknown>()
    const cases: DiscriminatedCase[] = []
    for (const option of options) {
      const values = [...(option._zod.propValues?.[discriminator] ?? [])]
      const clear =
        values.length > 0 && values.every((value) => (value === undefined || isLiteral(value)) && !seen.has(value))
      if (!clear || discriminator === '__proto__') return undefined
      for (const value of values) seen.add(value)
      cases.push({ values: values as (Literal | undefined)[], node: this.node(option) })
    }
    return cases
  }

  #intersection(schema: ZodSchema): Plan {
    const { left, right } = schema._zod.def
    const reconciles = !(isForgiveless(left) && isForgiveless(right))
    return { kind: 'intersection', left: this.node(left), right: this.node(right), reconciles }
  }
}

function templatePlan(schema: ZodSchema): Plan {
  const pattern = schema._zod.pattern
  return pattern === undefined ? { kind: 'never' } : { kind: 'string', conditions: [{ kind: 'pattern', pattern }] }
}

/** The three rungs of zod's optionality: nothing, absent in and out, or something made of nothing. */
function absenceOf(schema: ZodSchema): Absence {
  const { optin, optout } = schema._zod
  if (optin === undefined) return 'refused'
  return optin === 'optional' && optout === 'optional' ? 'left-out' : 'decoded'
}

/** A literal that can be met in a portable value; others (a bigint, half a surrogate pair) can never match. */
function isLiteral(value: unknown): value is Literal {
  if (typeof value === 'string') return isPortableText(value)
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'boolean' || value === null
}

function isRecordKey(key: unknown): boolean {
  return typeof key === 'string' && key !== '__proto__' && isPortableText(key)
}

function rewritesKeys(plan: Plan): boolean {
  return plan.kind === 'string' && plan.conditions.some(({ kind }) => kind === 'overwrite' || kind === 'library')
}

/** Whether what this side of an intersection refuses stays refused, whatever the other side is. */
function isForgiveless(schema: ZodSchema): boolean {
  const { def } = schema._zod
  switch (def.type) {
    case 'object':
      return def.catchall?._zod.def.type !== 'never'
    case 'intersection':
      return isForgiveless(def.left) && isForgiveless(def.right)
    case 'string':
    case 'number':
    case 'boolean':
    case 'array':
      return true
    default:
      return false
  }
}
