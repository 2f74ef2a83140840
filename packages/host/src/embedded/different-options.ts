import { isDeepStrictEqual } from 'node:util'

/** Made anew by each loading of a file, so they say the same when they are the same text. */
const functions: readonly string[] = ['identify']
/** Of these only the very same one is the same: they are services, and comparing what is in them could cost much. */
const services: readonly string[] = ['logger']

/** The options in which two embeds differ, by name; values are not told, since a connection holds a password. */
export function differentOptions(first: object, second: object): string[] {
  const [before, after] = [new Map(Object.entries(first)), new Map(Object.entries(second))]
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => !isSame(name, before.get(name), after.get(name)))
}

function isSame(name: string, first: unknown, second: unknown): boolean {
  if (first === second) return true
  if (functions.includes(name)) return String(first) === String(second)
  return !services.includes(name) && isDeepStrictEqual(plain(first), plain(second))
}

/** An absent setting and one that is undefined are the same. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const given = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(given.map(([key, part]) => [key, plain(part)]))
}
