// What a contract lets cross has at most a million bytes, so no valid value has more parts.
const mostParts = 600_000
const mostDepth = 100

/** Made when the value has more parts than can cross: it will be refused, and never repeated. */
export const notKept: unique symbol = Symbol('notKept')

/**
 * A copy of an input for the attempts after the first: until then the caller may change its object, and a handler the one it
 * was given (P2). Only what can cross is copied; other objects stay what they are, since the callee refuses them.
 */
export function snapshot(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copier = new Copier()
  const copy = copier.copy(value, 0)
  return copier.left < 0 ? notKept : copy
}

class Copier {
  left = mostParts

  copy(value: object, depth: number): object {
    if (depth > mostDepth || --this.left < 0) return value
    if (Array.isArray(value)) return this.#copyArray(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return value
    // A spread keeps the hidden class, and the keys of the original are at hand: written key by key, a copy takes three
    // times as long.
    const copy: Record<string, unknown> = { ...value }
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key]
      if (typeof item !== 'object' || item === null || !Object.hasOwn(value, key)) continue
      const kept = this.copy(item, depth + 1)
      if (key === '__proto__')
        Object.defineProperty(copy, key, { value: kept, enumerable: true, writable: true, configurable: true })
      else copy[key] = kept
    }
    return copy
  }

  #copyArray(value: readonly unknown[], depth: number): unknown[] {
    this.left -= value.length
    if (this.left < 0) return []
    const copy: unknown[] = new Array(value.length)
    for (let index = 0; index < value.length; index++) {
      const item = value[index]
      copy[index] = typeof item === 'object' && item !== null ? this.copy(item, depth + 1) : item
    }
    return copy
  }
}
