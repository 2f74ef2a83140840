import { type CatalogueEntry, catalogue, isBanyanError } from '@banyan/errors'

/** What went wrong, for the shell: 0 done, 1 failed, 2 wrong use of the command line, 3 a check found problems. */
export const exitCodes = { done: 0, failed: 1, usage: 2, problems: 3 } as const

/** Where a command writes; results to `out`, everything else to `error`, so that output can be piped. */
export interface Output {
  /** The result: `value` as JSON with --json, else `text`. */
  result(value: unknown, text: string): void
  /** A line for people; nothing with --json. */
  note(line: string): void
  /** An error with its cause and remedy; as JSON with --json. */
  failure(error: unknown): void
}

interface Streams {
  readonly out: { write(text: string): unknown }
  readonly error: { write(text: string): unknown }
}

export function createOutput(json: boolean, streams: Streams = { out: process.stdout, error: process.stderr }): Output {
  return {
    result: (value, text) => void streams.out.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`),
    note(line) {
      if (!json) streams.error.write(`${line}\n`)
    },
    failure: (error) =>
      void streams.error.write(json ? `${JSON.stringify(failureData(error))}\n` : `${failureText(error)}\n`),
  }
}

function failureData(error: unknown): object {
  if (!isBanyanError(error))
    return { error: { code: 'internal', message: error instanceof Error ? error.message : String(error) } }
  const { code, message, details } = error
  const entry = entryOf(code)
  return { error: { code, message, details, ...(entry ? { cause: entry.cause, remedy: entry.remedy } : {}) } }
}

/** An error as a person reads it: what, code, cause, remedy. */
export function failureText(error: unknown): string {
  if (!isBanyanError(error)) return `✗ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  const entry = entryOf(error.code)
  const lines = [`✗ ${error.message}`]
  const hasProblems = typeof error.details === 'object' && error.details !== null && 'problems' in error.details
  // Problems carry a remedy each; the general one would only repeat them.
  if (error.code === 'unknown-command') return [...lines, `  remedy: ${catalogue['unknown-command'].remedy}`].join('\n')
  if (entry && !hasProblems) lines.push(`  cause:  ${entry.cause}`, `  remedy: ${entry.remedy}`)
  // What a contract declares says in its details what a caller needs to know.
  if (!entry && error.details !== undefined) lines.push(`  details: ${JSON.stringify(error.details)}`)
  lines.push(`  code:   ${error.code}`)
  return lines.join('\n')
}

function entryOf(code: string): CatalogueEntry | undefined {
  return Object.hasOwn(catalogue, code) ? catalogue[code as keyof typeof catalogue] : undefined
}

/** Rows as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  return rows
    .map((row) =>
      row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
    )
    .join('\n')
}
