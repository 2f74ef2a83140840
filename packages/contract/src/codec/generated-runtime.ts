import type { LibraryCheck, When } from './plan.js'
import { copyContainers, copyPortable, isPlainPrototype, isPortableText, REFUSED } from './portable.js'
import type { StandardSchema } from './types.js'

/**
 * What generated code throws where it cannot say what the library would: the whole value then goes to the library. Returning
 * REFUSED there would be wrong, since inside a union a refusal makes the next option the answer.
 */
export const UNDECIDED: unique symbol = Symbol('undecided')

/** The library path meets the same promise again, and reports it; a rejection of this one is of no use to anybody. */
function leaveToLibrary(answer: Promise<unknown>): never {
  answer.catch(() => undefined)
  throw UNDECIDED
}

/** Runs a check of the library on a value; gives the value it leaves, or REFUSED. */
function runCheck(check: LibraryCheck, value: unknown, when: When | undefined, rewrites: boolean): unknown {
  const payload = { value, issues: [] as unknown[] }
  if (when !== undefined && !when(payload)) return value
  const answer = check.check(payload)
  if (answer instanceof Promise) leaveToLibrary(answer)
  if (payload.issues.length > 0) return REFUSED
  if (payload.value !== value && !(rewrites && typeof payload.value === 'string')) throw UNDECIDED
  return payload.value
}

/** Runs an author's predicate on a value, as its owner calls it. */
function holds(owner: { fn(value: unknown): unknown }, value: unknown, when: When | undefined): boolean {
  if (when !== undefined && !when({ value, issues: [] })) return true
  const verdict = owner.fn(value)
  if (verdict instanceof Promise) leaveToLibrary(verdict)
  return Boolean(verdict)
}

/** Lets the library decode a value that is a private copy; gives its output or REFUSED. */
function runIsland(schema: StandardSchema, value: unknown): unknown {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) return leaveToLibrary(result)
  if (result.issues === undefined) return copyContainers(result.value)
  // What zod makes of a refused absent value depends on what is around it.
  if (value === undefined) throw UNDECIDED
  return REFUSED
}

function freshDefault(owner: { readonly defaultValue: unknown }): unknown {
  return copyContainers(owner.defaultValue)
}

/** Merges what both sides of an intersection decoded, by the library's rule. */
function merge(left: unknown, right: unknown): unknown {
  if (left === right) return left
  if (Array.isArray(left) && Array.isArray(right) && left.length === right.length) {
    return left.map((element, index) => merge(element, right[index]))
  }
  if (!isMergeable(left) || !isMergeable(right)) throw UNDECIDED
  const merged: Record<string, unknown> = { ...left, ...right }
  for (const key of Object.keys(left)) {
    if (Object.hasOwn(right, key)) merged[key] = merge(left[key], right[key])
  }
  return merged
}

function isMergeable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    isPlainPrototype(Object.getPrototypeOf(value))
  )
}

/** What generated code refers to, under the names that it uses. */
export const generatedRuntime = {
  REFUSED,
  UNDECIDED,
  OBJECT_PROTOTYPE: Object.prototype,
  copyPortable,
  freeze: Object.freeze,
  freshDefault,
  hasOwn: Object.hasOwn,
  holds,
  isArray: Array.isArray,
  isPlainPrototype,
  isPortableText,
  isSafeInteger: Number.isSafeInteger,
  keysOf: Object.keys,
  merge,
  prototypeOf: Object.getPrototypeOf,
  runCheck,
  runIsland,
} as const
