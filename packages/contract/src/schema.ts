/**
 * Any Standard Schema (zod 4, arktype, …). Constrained loosely on purpose: the precise types are read through the
 * library's own inference, which is cheaper for the compiler and prints better.
 */
export interface AnySchema {
  readonly '~standard': unknown
}

/** What may be sent to `Schema`: its input form, which is the form that crosses between modules. */
export type SchemaInput<Schema> = Schema extends { readonly _zod: { readonly input: infer Type } }
  ? Type
  : Schema extends { readonly '~standard': { readonly types?: { readonly input: infer Type } | undefined } }
    ? Type
    : unknown

/** What `Schema` decodes to: its output form. */
export type SchemaOutput<Schema> = Schema extends { readonly _zod: { readonly output: infer Type } }
  ? Type
  : Schema extends { readonly '~standard': { readonly types?: { readonly output: infer Type } | undefined } }
    ? Type
    : unknown

export function isSchema(value: unknown): value is AnySchema {
  // Schemas of arktype are functions, those of zod are objects.
  const candidate = typeof value === 'object' || typeof value === 'function' ? value : null
  return candidate !== null && '~standard' in candidate && typeof candidate['~standard'] === 'object'
}
