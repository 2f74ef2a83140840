import type { StandardSchemaV1 } from '@standard-schema/spec'
import { copyOrExplain } from './explain.js'
import { copyContainers } from './portable.js'
import { openShape, type Shape } from './shape.js'
import type { Checked, Issue, StandardSchema } from './types.js'

type Validated = { ok: true; input: unknown; output: unknown } | { ok: false; issues: Issue[] }

/** Checks and decodes by the schema library alone: what generated code falls back to, and where the issues' words come from. */
export class LibraryCodec {
  readonly #schema: StandardSchema
  readonly #makeShape: () => Shape
  readonly #transforms: boolean
  #shape: Shape | undefined

  /** @param makeShape which fields of a value to keep */
  constructor(schema: StandardSchema, makeShape: () => Shape, transforms: boolean) {
    this.#schema = schema
    this.#makeShape = makeShape
    this.#transforms = transforms
  }

  check(value: unknown): Checked {
    const validated = this.#validate(value)
    if (!validated.ok) return validated
    // Without transforms the output is the input form, stripped exactly; with them, it is stripped by the JSON Schema.
    return this.#transforms ? { ok: true, value: validated.input } : copyResult(validated.output)
  }

  decode(value: unknown): Checked {
    const validated = this.#validate(value)
    if (!validated.ok) return validated
    return this.#transforms ? { ok: true, value: copyContainers(validated.output) } : copyResult(validated.output)
  }

  /** The library sees a private copy, so that neither it nor a refinement can reach the sender's value. */
  #validate(value: unknown): Validated {
    const input = this.#copyInput(value)
    if (!input.ok) return input
    const seen = this.#transforms ? this.#copyInput(input.value) : input
    if (!seen.ok) return seen
    const result = this.#ask(seen.value)
    if (result === undefined) return { ok: false, issues: [{ path: [], message: UNANSWERED, code: 'unanswered' }] }
    if (result.issues === undefined) return { ok: true, input: input.value, output: result.value }
    return { ok: false, issues: result.issues.map(issueOf) }
  }

  /** The library's answer, or undefined where it gives none now: an author's check is asynchronous or threw. */
  #ask(value: unknown): StandardSchemaV1.Result<unknown> | undefined {
    try {
      const result = this.#schema['~standard'].validate(value)
      if (!isPromise(result)) return result
      // Its outcome comes too late to be reported; that there is a promise is what is reported.
      result.then(undefined, () => undefined)
      return undefined
    } catch {
      return undefined
    }
  }

  #copyInput(value: unknown): Checked {
    // Absence is for the schema to judge: an optional input is one that may be left out.
    if (value === undefined) return { ok: true, value }
    this.#shape ??= this.#makeShape()
    return copyOrExplain(value, this.#shape)
  }
}

const UNANSWERED =
  'The schema answered with a promise: one of its checks is asynchronous, or threw an error. A contract needs synchronous checks that do not throw'

function copyResult(output: unknown): Checked {
  return output === undefined ? { ok: true, value: undefined } : copyOrExplain(output, openShape)
}

function isPromise(result: unknown): result is Promise<unknown> {
  return typeof (result as Partial<Promise<unknown>> | undefined)?.then === 'function'
}

interface LibraryIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
  readonly code?: unknown
}

function issueOf(issue: LibraryIssue): Issue {
  const path = (issue.path ?? []).map(segmentOf)
  return typeof issue.code === 'string'
    ? { path, message: issue.message, code: issue.code }
    : { path, message: issue.message }
}

function segmentOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}
