import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** One reason why a value was refused. */
export interface Issue {
  /** Where in the value, from the outside in; empty for the value itself. */
  path: (string | number)[]
  /** What is wrong, in the words of the schema library (or of the codec, for a value that is not portable). */
  message: string
  /** A stable name of the kind of issue where there is one: the library's own, or `not-portable`. */
  code?: string
}

/** The outcome of a check: a fresh value, or every reason why there is none. */
export type Checked<T = unknown> = { ok: true; value: T } | { ok: false; issues: Issue[] }

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** A schema that validates (Standard Schema) and describes itself (Standard JSON Schema), as zod 4 and arktype do. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>
}

/** How a codec does its work: by generated code, or through the schema library because of something that code cannot prove. */
export type CodecStrategy = { kind: 'generated' } | { kind: 'library'; because: string }

/**
 * Validates and copies what crosses a contract (P2): the result shares no mutable state with what it was made from,
 * fields that the schema does not name are stripped, and only I-JSON values come through.
 * A property is read once per result, so the value that was validated is the value that was copied. A refused value is read once
 * more, to let the schema library word the issues.
 */
export interface Codec<Input = unknown, Output = unknown> {
  /** JSON Schema (draft 2020-12) of the input form, which is what crosses between modules. Made at the first read. */
  readonly jsonSchema: JsonSchema
  /** Whether decode changes values (transforms, defaults, coercions, codecs); if not, check and decode are the same. */
  readonly transforms: boolean
  /** Validates that the value is the portable (input) form; gives a deep copy of it, extra fields stripped. Never throws. */
  check(value: unknown): Checked<Input>
  /** Validates and turns the input form into the output form (deep, fresh): what the receiver's code sees. Never throws. */
  decode(value: unknown): Checked<Output>
  /**
   * At most how many bytes a value that `check` gave takes as JSON, told cheaply: from the schema and the lengths of what is in
   * it. Infinity where the schema does not tell; then the value has to be looked at.
   */
  jsonBytesBound(value: unknown): number
  /** How this codec works, for diagnosis and benchmarks. Generates the code if that has not happened yet. */
  strategy(): CodecStrategy
}

/** One reason why a schema cannot be part of a contract. */
export interface CodecProblem {
  /** Where in the schema: property names, `[]` for elements, `{}` for record values, joined by dots; empty for the schema itself. */
  path: string
  /** What is wrong. */
  message: string
  /** What to write instead. */
  remedy: string
}

const codecErrorMark: unique symbol = Symbol.for('banyan.codec-error')

/** Thrown by compileCodec for a schema whose values cannot cross a contract. Lists every problem found. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly [codecErrorMark] = true
  readonly problems: readonly CodecProblem[]

  constructor(problems: readonly CodecProblem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.problems = problems
  }
}

/** Whether an error is a CodecError, also one from another copy of this package. */
export function isCodecError(error: unknown): error is CodecError {
  return typeof error === 'object' && error !== null && codecErrorMark in error
}

function describeProblem({ path, message, remedy }: CodecProblem): string {
  return `${path === '' ? '' : `${path}: `}${message} ${remedy}`
}
