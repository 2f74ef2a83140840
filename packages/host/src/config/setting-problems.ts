import type { Problem } from '@banyan/errors'

/** A value that is not what its setting allows; nothing when it is. */
export function report(
  problems: Problem[],
  file: string,
  where: string,
  value: unknown,
  allowed: string | undefined,
): void {
  if (allowed === undefined) return
  // Settings are no secrets: those come from the environment.
  const what = `is ${JSON.stringify(value) ?? typeof value}`
  problems.push({ who: file, where, what, allowed, remedy: 'correct the value' })
}

/** A name that is no setting, with the one that was probably meant. */
export function unknownName(who: string, where: string, known: readonly string[]): Problem {
  const near = known.map((name) => [distance(name, where), name] as const).sort((a, b) => a[0] - b[0])[0]
  const longer = known.find((name) => name.startsWith(where))
  const meant = longer ?? (near && near[0] <= 3 ? near[1] : undefined)
  const remedy = meant === undefined ? 'remove it' : `write ${meant}`
  return { who, where, what: 'is not a setting', allowed: known.join(', '), remedy }
}

/** Levenshtein distance, for telling what was probably meant. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] as number
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
