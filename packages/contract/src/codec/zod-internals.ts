import type { CheckPayload, LibraryCheck, When } from './plan.js'
import type { StandardSchema } from './types.js'

/**
 * The part of zod's internals that the codec reads. zod keeps them on `_zod` for authors of tools, but may change them with
 * a minor version: so plans are only made for versions whose behaviour the property tests have compared (`isProvenZod`).
 */
export interface ZodSchema extends StandardSchema {
  readonly _zod: {
    readonly def: ZodDefinition
    readonly traits: ReadonlySet<string>
    readonly version: { readonly major: number; readonly minor: number }
    readonly optin?: 'optional' | 'defaulted' | undefined
    readonly optout?: 'optional' | undefined
    readonly values?: ReadonlySet<unknown> | undefined
    readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>> | undefined
    readonly pattern?: RegExp | undefined
    readonly innerType?: ZodSchema | undefined
    readonly toJSONSchema?: unknown
    check(payload: CheckPayload): unknown
  }
}

export interface ZodCheck {
  readonly _zod: { readonly def: ZodDefinition; readonly traits: ReadonlySet<string> } & LibraryCheck
}

/** The union of all definitions' fields; which of them are there depends on `type` or `check`. */
export interface ZodDefinition {
  readonly type: string
  readonly check?: string
  readonly checks?: readonly ZodCheck[]
  readonly coerce?: boolean
  readonly shape: Readonly<Record<string, ZodSchema>>
  readonly catchall?: ZodSchema
  readonly element: ZodSchema
  readonly items: readonly ZodSchema[]
  readonly rest?: ZodSchema | null
  readonly keyType: ZodSchema
  readonly valueType: ZodSchema
  readonly mode?: string
  readonly partial?: boolean
  readonly options: readonly ZodSchema[]
  readonly discriminator: string
  readonly unionFallback?: boolean
  readonly left: ZodSchema
  readonly right: ZodSchema
  readonly innerType: ZodSchema
  readonly in: ZodSchema
  readonly out: ZodSchema
  readonly entries: Readonly<Record<string, string | number>>
  readonly values: readonly unknown[]
  readonly defaultValue: unknown
  readonly format?: string
  readonly pattern?: RegExp
  readonly includes: string
  readonly position?: number
  readonly prefix: string
  readonly suffix: string
  readonly minimum: number
  readonly maximum: number
  readonly length: number
  readonly value: unknown
  readonly inclusive?: boolean
  readonly when?: When
  readonly fn?: (value: unknown) => unknown
  readonly transform?: unknown
  readonly tx: (value: unknown) => unknown
}

/** Minor versions of zod 4 that the property tests have compared with the generated code. */
const PROVEN_MINORS: readonly number[] = [6]

/** Whether a schema is one of zod 4, of any minor version. */
export function isZod(schema: unknown): schema is ZodSchema {
  const internals = (schema as Partial<ZodSchema> | undefined)?._zod
  return typeof internals === 'object' && internals?.version?.major === 4 && internals.traits instanceof Set
}

/** Whether the generated code is known to be equivalent to this version of zod. */
export function isProvenZod(schema: ZodSchema): boolean {
  return PROVEN_MINORS.includes(schema._zod.version.minor)
}

/** The values of an enum: a TypeScript enum of numbers also holds the reverse mapping, which does not count. */
export function enumValues(entries: Readonly<Record<string, string | number>>): (string | number)[] {
  const numbers = Object.values(entries).filter((value) => typeof value === 'number')
  return Object.entries(entries)
    .filter(([key]) => !numbers.includes(Number(key)))
    .map(([, value]) => value)
}

/** A schema's checks in the order in which they run: a string or number format is its own first check. */
export function checksOf(schema: ZodSchema): readonly ZodCheck[] {
  const checks = schema._zod.def.checks ?? []
  return schema._zod.traits.has('$ZodCheck') ? [schema, ...checks] : checks
}
