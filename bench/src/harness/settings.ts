import { parseArgs } from 'node:util'

export interface RunSettings {
  readonly rounds: number
  /** Length of one turn, milliseconds; undefined: as the claim asks. */
  readonly turnMs: number | undefined
  readonly quick: boolean
  readonly json: boolean
}

export const settingsHelp = `  --quick      fewer and shorter turns: shows that it runs, proves nothing
  --rounds N   rounds, at least 5 (default 9; quick 5)
  --ms N       length of one turn in milliseconds (default: as the claim needs)
  --json       the result as JSON on standard output, nothing else`

/** @throws with a message for people when an option is unknown or no number */
export function readSettings(args: readonly string[]): RunSettings | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      ms: { type: 'string' },
    },
  })
  if (values.help) return 'help'
  const rounds = values.rounds === undefined ? (values.quick ? 5 : 9) : wholeNumber('--rounds', values.rounds, 5)
  const given = values.ms === undefined ? undefined : wholeNumber('--ms', values.ms, 1)
  return { rounds, turnMs: given, quick: values.quick, json: values.json }
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) throw new Error(`${option} takes a whole number from ${least} on`)
  return value
}
