import { DEPTH_MAX, isPlainPrototype, isPortableText } from './portable.js'
import { openShape, type Shape } from './shape.js'
import type { Checked, Issue } from './types.js'

/** The code of the issues that this file makes. */
export const NOT_PORTABLE = 'not-portable'

// Enough to mend a value; a wrong array of a million elements must not become a million issues.
const ISSUES_MAX = 50

/** What stands for a value that was refused while others are still looked at. */
const NOTHING = Symbol('nothing')

interface Search {
  readonly issues: Issue[]
  readonly path: (string | number)[]
  readonly ancestors: object[]
}

/**
 * Copies a portable value deeply and says of any other why it is not portable (the rules stand in portable.ts).
 * @param shape which fields to keep
 */
export function copyOrExplain(value: unknown, shape: Shape = openShape): Checked {
  const search: Search = { issues: [], path: [], ancestors: [] }
  const copy = copyAny(value, shape, search)
  return search.issues.length > 0 ? { ok: false, issues: search.issues } : { ok: true, value: copy }
}

function copyAny(value: unknown, shape: Shape, search: Search): unknown {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return isPortableText(value) ? value : refuse(search, textProblem(value))
    case 'number':
      return Number.isFinite(value)
        ? value + 0
        : refuse(search, `${value} is not a portable number; use null or leave it out`)
    case 'object':
      return value === null ? null : copyContainer(value, shape, search)
    default:
      return refuse(search, leafProblem(value))
  }
}

function copyContainer(value: object, shape: Shape, search: Search): unknown {
  if (search.ancestors.includes(value)) return refuse(search, 'The value contains itself; a portable value is a tree')
  if (search.ancestors.length >= DEPTH_MAX) return refuse(search, `Nested deeper than ${DEPTH_MAX} objects and arrays`)
  search.ancestors.push(value)
  const copy = Array.isArray(value) ? copyArray(value, shape, search) : copyObject(value, shape, search)
  search.ancestors.pop()
  return copy
}

function copyArray(source: readonly unknown[], shape: Shape, search: Search): unknown {
  const copy: unknown[] = []
  for (let index = 0; index < source.length && search.issues.length < ISSUES_MAX; index++) {
    search.path.push(index)
    const element = source[index]
    if (element === undefined) {
      refuse(
        search,
        index in source ? 'undefined is not portable in an array; use null' : 'The array has a hole; use null',
      )
    } else {
      copy.push(copyAny(element, shape.element(index), search))
    }
    search.path.pop()
  }
  return copy
}

function copyObject(source: object, shape: Shape, search: Search): unknown {
  if (!isPlainPrototype(Object.getPrototypeOf(source))) return refuse(search, instanceProblem(source))
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(source)) {
    const kept = shape.property(key)
    if (kept === undefined || search.issues.length >= ISSUES_MAX) continue
    const found = read(source, key, search)
    if (found === undefined) continue
    search.path.push(key)
    if (key === '__proto__') refuse(search, 'A key "__proto__" is not portable')
    else if (!isPortableText(key)) refuse(search, textProblem(key))
    else copy[key] = copyAny(found, kept, search)
    search.path.pop()
  }
  return copy
}

function refuse(search: Search, message: string): typeof NOTHING {
  search.issues.push({ path: [...search.path], message, code: NOT_PORTABLE })
  return NOTHING
}

function textProblem(text: string): string {
  return text.includes('\u0000')
    ? 'The text contains U+0000, which is not portable'
    : 'The text contains half a surrogate pair, which is not portable; cut text between code points'
}

function leafProblem(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return 'A bigint is not portable; send its digits as text'
    case 'undefined':
      return 'undefined is not a portable value; use null'
    default:
      return `A ${typeof value} is not portable`
  }
}

function instanceProblem(source: object): string {
  const name = instanceName(source)
  if (source instanceof Date) return 'A Date is not portable; send date.toISOString()'
  if (source instanceof Map) return 'A Map is not portable; send Object.fromEntries(map) or [...map]'
  if (source instanceof Set) return 'A Set is not portable; send [...set]'
  return `An instance of ${name} is not portable; send a plain object`
}

function instanceName(source: object): string {
  const maker: unknown = Object.getPrototypeOf(source)?.constructor
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'a class'
}

/** Reads once. A getter that throws makes the value unreadable, not the check a failure. */
function read(source: object, key: string | number, search: Search): unknown {
  try {
    return (source as Record<string | number, unknown>)[key]
  } catch (error) {
    search.path.push(key)
    refuse(search, `Reading it threw: ${error instanceof Error ? error.message : String(error)}`)
    search.path.pop()
    return undefined
  }
}
