import { currentLoad, describeMachine, type Machine, packageVersions } from './machine.js'
import { comparisonText, headerText, observationText } from './print.js'
import { type RunSettings, readSettings, settingsHelp } from './settings.js'
import { median, pairedRatio } from './statistics.js'
import { judge } from './targets.js'
import type { Claim, Comparison, ComparisonResult, Measurement, Observation, Row } from './types.js'

const defaultTurnMs = 400

/** One run of a claim: takes measurements, prints them as they come, keeps them for JSON. */
export class Run {
  readonly settings: RunSettings
  readonly #comparisons: ComparisonResult[] = []
  readonly #observations: Observation[] = []

  constructor(settings: RunSettings) {
    this.settings = settings
  }

  /** Alternatives take turns, A B C A B C, so that what disturbs the machine disturbs them alike. */
  async compare(comparison: Comparison): Promise<ComparisonResult> {
    const { alternatives, warmUps = 2 } = comparison
    const wanted = comparison.turnMs ?? defaultTurnMs
    const turnMs = this.settings.turnMs ?? (this.settings.quick ? wanted / 3 : wanted)
    const rounds = comparison.rounds ?? this.settings.rounds
    for (let turn = 0; turn < warmUps; turn++) for (const one of alternatives) await one.measure(turnMs / 2)
    const taken: Measurement[][] = alternatives.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [index, one] of alternatives.entries()) taken[index]?.push(await one.measure(turnMs))
    const rows = toRows(comparison, taken)
    const { title, unit, better } = comparison
    const result = { title, unit, better, rounds, rows, verdicts: judge(comparison, rows) }
    this.#comparisons.push(result)
    this.print(comparisonText(result))
    return result
  }

  observe(observation: Observation): void {
    this.#observations.push(observation)
    this.print(observationText(observation))
  }

  print(text: string): void {
    if (!this.settings.json) console.log(text)
  }

  toJson(): object {
    return { comparisons: this.#comparisons, observations: this.#observations }
  }
}

function toRows({ alternatives }: Comparison, taken: readonly (readonly Measurement[])[]): Row[] {
  const values = taken.map((turns) => turns.map(({ value }) => value))
  const valuesOf = (role: string): readonly number[] | undefined =>
    values[alternatives.findIndex((one) => one.role === role)]
  const [ours, limit] = [valuesOf('ours'), valuesOf('limit')]
  return alternatives.map(({ name, role }, index) => {
    const own = values[index] as number[]
    return {
      name,
      role,
      median: median(own),
      min: Math.min(...own),
      max: Math.max(...own),
      toOurs: ours && pairedRatio(own, ours),
      toLimit: limit && pairedRatio(own, limit),
      details: medianDetails(taken[index] ?? []),
      values: own,
    }
  })
}

function medianDetails(turns: readonly Measurement[]): Record<string, number> {
  const names = Object.keys(turns[0]?.details ?? {})
  return Object.fromEntries(names.map((name) => [name, median(turns.map(({ details }) => details?.[name] as number))]))
}

/** A claim that is ready to be measured. */
export interface OpenClaim {
  /** Versions of what is no npm package, for example of PostgreSQL. */
  readonly versions?: Readonly<Record<string, string>>
  measure(run: Run): Promise<void>
  close(): Promise<void>
}

/**
 * Runs a claim as a program. A target that is missed is printed and is no failure: a benchmark is not a test. The exit
 * code is 1 only when the claim could not be measured.
 */
export async function runClaim(claim: Claim, open: () => Promise<OpenClaim>): Promise<void> {
  const settings = readSettings(process.argv.slice(2))
  if (settings === 'help') return console.log(`${claim.name}: ${claim.says}\n\n${settingsHelp}`)
  const machine: Machine = describeMachine()
  const opened = await open()
  const versions = { node: process.versions.node, ...opened.versions, ...packageVersions(claim.packages) }
  const run = new Run(settings)
  run.print(headerText(claim, machine, versions))
  try {
    await opened.measure(run)
  } finally {
    await opened.close()
  }
  const loadAfter = currentLoad()
  run.print(`\nload      ${loadAfter.join(' ')} after the run`)
  if (!settings.json) return
  const head = { claim: claim.name, says: claim.says, notes: claim.notes, at: new Date().toISOString() }
  console.log(JSON.stringify({ ...head, machine, loadAfter, versions, settings, ...run.toJson() }, undefined, 2))
}
