import { type GeneratedFunction, Generator } from './generate.js'
import { LibraryCodec } from './library-codec.js'
import { REFUSED } from './portable.js'
import {
  type Checked,
  type Codec,
  CodecError,
  type CodecStrategy,
  type JsonSchema,
  type StandardSchema,
} from './types.js'
import { isProvenZod, isZod, type ZodSchema } from './zod-internals.js'
import { planOfZod } from './zod-plan.js'
import { type Survey, surveyZod } from './zod-survey.js'

/**
 * Makes the codec of a schema. Cheap: code is generated when the codec is first used, and the JSON Schema of a zod schema
 * made when it is first read.
 * @throws CodecError for what cannot cross a contract: no Standard Schema, or values that JSON Schema cannot describe
 */
export function compileCodec(schema: StandardSchema): Codec {
  if (isZod(schema) && hasStandardJsonSchema(schema)) return compileZod(schema)
  if (!hasStandardJsonSchema(schema)) {
    throw new CodecError([
      {
        path: '',
        message: 'The schema carries no Standard Schema with Standard JSON Schema.',
        remedy: 'Use a schema of zod 4.2 or later, or of another library that has both (arktype).',
      },
    ])
  }
  const jsonSchema = jsonSchemaOf(schema)
  return new LazyCodec(schema, () => jsonSchema, true)
}

function compileZod(schema: ZodSchema): Codec {
  const { problems, transforms } = survey(schema)
  if (problems.length > 0) throw new CodecError(problems)
  return new LazyCodec(schema, () => jsonSchemaOf(schema), transforms)
}

function survey(schema: ZodSchema): Survey {
  try {
    return surveyZod(schema)
  } catch (error) {
    throw new CodecError([
      {
        path: '',
        message: `A getter or z.lazy() in the schema threw: ${messageOf(error)}.`,
        remedy: 'Define the schemas that it names before the contract.',
      },
    ])
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function hasStandardJsonSchema(schema: unknown): boolean {
  const standard = (schema as Partial<StandardSchema> | null | undefined)?.['~standard']
  return typeof standard?.validate === 'function' && typeof standard.jsonSchema?.input === 'function'
}

function jsonSchemaOf(schema: StandardSchema): JsonSchema {
  try {
    return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
  } catch (error) {
    throw new CodecError([
      {
        path: '',
        message: `The schema has no JSON Schema: ${messageOf(error)}.`,
        remedy: 'Use types that JSON Schema can describe.',
      },
    ])
  }
}

/** The generated functions of a codec, or why there are none. */
type Generated =
  | { kind: 'generated'; decode: GeneratedFunction; input: GeneratedFunction }
  | { kind: 'library'; because: string }

class LazyCodec implements Codec {
  readonly transforms: boolean
  readonly #schema: StandardSchema
  readonly #library: LibraryCodec
  readonly #makeJsonSchema: () => JsonSchema
  #jsonSchema: JsonSchema | undefined
  #generated: Generated | undefined
  #decode: GeneratedFunction | undefined
  #input: GeneratedFunction | undefined

  constructor(schema: StandardSchema, makeJsonSchema: () => JsonSchema, transforms: boolean) {
    this.#schema = schema
    this.#makeJsonSchema = makeJsonSchema
    this.transforms = transforms
    this.#library = new LibraryCodec(schema, () => this.jsonSchema, transforms)
  }

  get jsonSchema(): JsonSchema {
    this.#jsonSchema ??= this.#makeJsonSchema()
    return this.#jsonSchema
  }

  check(value: unknown): Checked {
    if (!this.transforms) return this.decode(value)
    this.#generated ??= this.#generate()
    const copy = run(this.#input, value)
    // The copy is what is validated, so a value that changes under way cannot pass as another.
    if (copy === REFUSED || run(this.#decode, copy) === REFUSED) return this.#library.check(value)
    return { ok: true, value: copy }
  }

  decode(value: unknown): Checked {
    this.#generated ??= this.#generate()
    const copy = run(this.#decode, value)
    return copy === REFUSED ? this.#library.decode(value) : { ok: true, value: copy }
  }

  strategy(): CodecStrategy {
    this.#generated ??= this.#generate()
    return this.#generated.kind === 'generated' ? { kind: 'generated' } : this.#generated
  }

  #generate(): Generated {
    const generated = generateFor(this.#schema, this.transforms)
    if (generated.kind === 'generated') {
      this.#decode = generated.decode
      this.#input = generated.input
    }
    return generated
  }
}

function generateFor(schema: StandardSchema, transforms: boolean): Generated {
  if (!isZod(schema))
    return { kind: 'library', because: `no plans are made for schemas of ${schema['~standard'].vendor}` }
  if (!isProvenZod(schema)) {
    const { major, minor } = schema._zod.version
    return { kind: 'library', because: `generated code has not been compared with zod ${major}.${minor}` }
  }
  try {
    const plan = planOfZod(schema)
    const decode = new Generator().compile(plan, 'decode')
    return { kind: 'generated', decode, input: transforms ? new Generator().compile(plan, 'input') : decode }
  } catch (error) {
    // A content security policy, or an edge runtime, that forbids code from text.
    return {
      kind: 'library',
      because: `code could not be generated: ${messageOf(error)}`,
    }
  }
}

/** Runs generated code, whose throws (of getters, of an author's checks, of indecision) leave the value to the library. */
function run(generated: GeneratedFunction | undefined, value: unknown): unknown {
  if (generated === undefined) return REFUSED
  try {
    return generated(value)
  } catch {
    return REFUSED
  }
}
