import { createHash } from 'node:crypto'
import type { Problem } from '@banyan/errors'
import type { SchemaDescription } from './describe.js'

/** One object or part of a schema that is not as recorded. */
export interface SchemaDifference {
  readonly kind: 'added' | 'changed' | 'removed'
  /** For example `column orders.total`. */
  readonly part: string
  /** What was recorded; absent when added. */
  readonly was?: string
  /** What is there now; absent when removed. */
  readonly is?: string
}

/** SHA-256 over a description. */
export function descriptionHash(description: SchemaDescription): string {
  return createHash('sha256').update(descriptionText(description)).digest('hex')
}

/** A description as the text that is recorded. */
export function descriptionText(description: SchemaDescription): string {
  return JSON.stringify([...description])
}

/** The inverse of `descriptionText`. */
export function descriptionFromText(text: string): SchemaDescription {
  return new Map(JSON.parse(text) as [string, string][])
}

// With a whole table added or removed, its columns and constraints would be noise.
function tableOf(part: string): string | undefined {
  const found = /^(?:column|constraint|trigger|policy|rule) (.+)\.[^.]*$/.exec(part)
  return found ? `table ${found[1]}` : undefined
}

/** What must be done to `was` to get `is`, in the order of the parts. */
export function schemaDifferences(was: SchemaDescription, is: SchemaDescription): readonly SchemaDifference[] {
  const differences: SchemaDifference[] = []
  const parts = [...new Set([...was.keys(), ...is.keys()])].sort()
  for (const part of parts) {
    const before = was.get(part)
    const after = is.get(part)
    if (before === after) continue
    const table = tableOf(part)
    if (table !== undefined && was.has(table) !== is.has(table)) continue
    if (before === undefined) differences.push({ kind: 'added', part, is: after as string })
    else if (after === undefined) differences.push({ kind: 'removed', part, was: before })
    else differences.push({ kind: 'changed', part, was: before, is: after })
  }
  return differences
}

/**
 * What was recorded, moved on by what a migration did: differences that were there before it stay differences, so that
 * a drift which is only warned of is not taken for right by the next migration.
 */
export function moveOn(
  recorded: SchemaDescription,
  before: SchemaDescription,
  after: SchemaDescription,
): SchemaDescription {
  const moved = new Map(recorded)
  for (const part of new Set([...before.keys(), ...after.keys()])) {
    const definition = after.get(part)
    if (before.get(part) === definition) continue
    if (definition === undefined) moved.delete(part)
    else moved.set(part, definition)
  }
  return new Map([...moved].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)))
}

/** A difference as a line for people. */
export function formatDifference(difference: SchemaDifference): string {
  const { kind, part, was, is } = difference
  if (kind === 'added') return `was added: ${is}`
  if (kind === 'removed') return `is gone; it was: ${was}`
  return `was: ${was}; is now: ${is} (${part.split(' ', 1)[0]})`
}

/** Differences as problems of one report. */
export function differenceProblems(module: string, differences: readonly SchemaDifference[]): readonly Problem[] {
  return differences.map((difference) => ({
    who: `module ${module}`,
    where: difference.part,
    what: formatDifference(difference),
    remedy: remedyOf(difference),
  }))
}

function remedyOf(difference: SchemaDifference): string {
  const accept = 'or put it into a migration and take it over with `banyan db migrate --accept-drift`'
  if (difference.kind === 'added') return `Drop it, ${accept}.`
  if (difference.kind === 'removed') return `Make it again, ${accept}.`
  return `Change it back, ${accept}.`
}
