/**
 * What a portable value is: I-JSON (RFC 7493), so that it means the same in memory, on the wire and in PostgreSQL.
 *
 * I1 Strings (keys too) are well-formed UTF-16 without U+0000, which PostgreSQL cannot store.
 * I2 Numbers are finite; -0 becomes 0, as JSON has no -0 that every reader keeps.
 * I3 Objects are plain (prototype Object.prototype or null), read by own enumerable string keys; a key `__proto__` is refused.
 * I4 Properties that are undefined count as absent; an array has no undefined element and no hole.
 * I5 Containers nest at most 100 deep, which also ends every cycle.
 *
 * The copier in this file is the fast one: it says no without saying why. explain.ts words the reasons.
 */

/** What copiers return for a value that they refuse. No value can be equal to it. */
export const REFUSED: unique symbol = Symbol('refused')

/** How deep objects and arrays may nest. The outermost container is at depth 1. */
export const DEPTH_MAX = 100

// ES2024; every runtime that Banyan supports has it, the ES2023 type library does not.
interface WellFormedText {
  isWellFormed(): boolean
}

/** I1. Both tests are a single native scan, and the first is free for one-byte strings. */
export function isPortableText(text: string): boolean {
  return (text as unknown as WellFormedText).isWellFormed() && !text.includes('\u0000')
}

/** Whether a prototype is that of a plain object. */
export function isPlainPrototype(prototype: object | null): boolean {
  return prototype === Object.prototype || prototype === null || isForeignObjectPrototype(prototype)
}

/** The Object.prototype of another realm (node:vm, Jest, iframes): the end of a chain, and not made by a class. */
function isForeignObjectPrototype(prototype: object): boolean {
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty') &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

/**
 * Copies a portable value deeply; gives REFUSED for any other.
 * @param depth how many containers are around the value
 */
export function copyPortable(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return isPortableText(value) ? value : REFUSED
    case 'number':
      return Number.isFinite(value) ? value + 0 : REFUSED
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      if (depth >= DEPTH_MAX) return REFUSED
      return Array.isArray(value) ? copyPortableArray(value, depth + 1) : copyPortableObject(value, depth + 1)
    default:
      return REFUSED
  }
}

function copyPortableArray(source: readonly unknown[], depth: number): unknown {
  const copy: unknown[] = []
  for (let index = 0, length = source.length; index < length; index++) {
    const element = copyPortable(source[index], depth)
    if (element === REFUSED) return REFUSED
    copy.push(element)
  }
  return copy
}

function copyPortableObject(source: object, depth: number): unknown {
  if (!isPlainPrototype(Object.getPrototypeOf(source))) return REFUSED
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(source)) {
    const found = (source as Record<string, unknown>)[key]
    if (found === undefined) continue
    if (key === '__proto__' || !isPortableText(key)) return REFUSED
    const property = copyPortable(found, depth)
    if (property === REFUSED) return REFUSED
    copy[key] = property
  }
  return copy
}

/**
 * Copies plain objects and arrays deeply and keeps everything else: for what a schema library returned, which may hold dates or
 * class instances that a transform made, and containers (a default) that it hands out again and again.
 */
export function copyContainers(value: unknown, copies: Map<object, unknown> = new Map()): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    copies.set(value, copy)
    for (const element of value) copy.push(copyContainers(element, copies))
    return Object.isFrozen(value) ? Object.freeze(copy) : copy
  }
  if (!isPlainPrototype(Object.getPrototypeOf(value))) return value instanceof Date ? new Date(value.getTime()) : value
  const copy: Record<string, unknown> = {}
  copies.set(value, copy)
  for (const key of Object.keys(value)) {
    if (key !== '__proto__') copy[key] = copyContainers((value as Record<string, unknown>)[key], copies)
  }
  return Object.isFrozen(value) ? Object.freeze(copy) : copy
}
