import { type GeneratedFunction, Generator } from './generate.js'
import { type BoundFunction, generateBound, unknownBound } from './generate-bound.js'
import { LibraryCodec } from './library-codec.js'
import { shapeOfPlan } from './plan-shape.js'
import { REFUSED } from './portable.js'
import { type Shape, shapeOf } from './shape.js'
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

/** What is known of a codec once it is in use. */
interface Prepared {
  readonly strategy: CodecStrategy
  readonly library: LibraryCodec
  readonly decode: GeneratedFunction
  readonly input: GeneratedFunction
  readonly bound: BoundFunction
}

class LazyCodec implements Codec {
  readonly transforms: boolean
  readonly #schema: StandardSchema
  readonly #makeJsonSchema: () => JsonSchema
  #jsonSchema: JsonSchema | undefined
  #prepared: Prepared | undefined

  constructor(schema: StandardSchema, makeJsonSchema: () => JsonSchema, transforms: boolean) {
    this.#schema = schema
    this.#makeJsonSchema = makeJsonSchema
    this.transforms = transforms
  }

  get jsonSchema(): JsonSchema {
    this.#jsonSchema ??= this.#makeJsonSchema()
    return this.#jsonSchema
  }

  check(value: unknown): Checked {
    if (!this.transforms) return this.decode(value)
    const { input, decode, library } = this.#prepare()
    const copy = run(input, value)
    // The copy is what is validated, so a value that changes under way cannot pass as another.
    if (copy === REFUSED || run(decode, copy) === REFUSED) return library.check(value)
    return { ok: true, value: copy }
  }

  decode(value: unknown): Checked {
    const { decode, library } = this.#prepare()
    const copy = run(decode, value)
    return copy === REFUSED ? library.decode(value) : { ok: true, value: copy }
  }

  jsonBytesBound(value: unknown): number {
    return this.#prepare().bound(value)
  }

  strategy(): CodecStrategy {
    return this.#prepare().strategy
  }

  #prepare(): Prepared {
    this.#prepared ??= prepare(this.#schema, () => this.jsonSchema, this.transforms)
    return this.#prepared
  }
}

function prepare(schema: StandardSchema, jsonSchema: () => JsonSchema, transforms: boolean): Prepared {
  if (!isZod(schema) || !isProvenZod(schema)) {
    return byLibrary(
      schema,
      () => shapeOf(jsonSchema()),
      transforms,
      `generated code has not been compared with ${nameOf(schema)}`,
    )
  }
  const plan = planOfZod(schema)
  const makeShape = (): Shape => shapeOfPlan(plan)
  try {
    const decode = new Generator().compile(plan, 'decode')
    const input = transforms ? new Generator().compile(plan, 'input') : decode
    return {
      strategy: { kind: 'generated' },
      library: new LibraryCodec(schema, makeShape, transforms),
      decode,
      input,
      bound: transforms ? unknownBound : generateBound(plan),
    }
  } catch (error) {
    // A content security policy, or an edge runtime, that forbids code from text.
    return byLibrary(schema, makeShape, transforms, `code could not be generated: ${messageOf(error)}`)
  }
}

function byLibrary(schema: StandardSchema, makeShape: () => Shape, transforms: boolean, because: string): Prepared {
  const refuse = (): unknown => REFUSED
  return {
    strategy: { kind: 'library', because },
    library: new LibraryCodec(schema, makeShape, transforms),
    decode: refuse,
    input: refuse,
    bound: unknownBound,
  }
}

function nameOf(schema: StandardSchema): string {
  return isZod(schema) ? `zod ${schema._zod.version.major}.${schema._zod.version.minor}` : schema['~standard'].vendor
}

/** Runs generated code, whose throws (of getters, of an author's checks, of indecision) leave the value to the library. */
function run(generated: GeneratedFunction, value: unknown): unknown {
  try {
    return generated(value)
  } catch {
    return REFUSED
  }
}
