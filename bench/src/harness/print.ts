import { formatNumber, formatRatio, formatTable } from './format.js'
import type { Machine } from './machine.js'
import type { Claim, ComparisonResult, Observation, Verdict } from './types.js'

export function headerText(claim: Claim, machine: Machine, versions: Readonly<Record<string, string>>): string {
  const { processor, cores, memoryGigabytes, freeGigabytes, load, system } = machine
  const busy = (load[0] ?? 0) > cores / 2 ? '  (busy: others work on it too, so read ratios and spreads)' : ''
  return [
    `${claim.name}: ${claim.says}`,
    '',
    `machine   ${processor}, ${cores} cores, ${memoryGigabytes} GiB (${freeGigabytes} free), ${system}`,
    `load      ${load.join(' ')} over 1, 5, 15 minutes before the run${busy}`,
    `versions  ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    ...claim.notes.map((note, index) => `${index === 0 ? 'notes     ' : '          '}${note}`),
  ].join('\n')
}

export function comparisonText(result: ComparisonResult): string {
  const { title, unit, better, rounds, rows, verdicts } = result
  const detailNames = [...new Set(rows.flatMap((row) => Object.keys(row.details)))]
  const head = ['', `median ${unit}`, 'min', 'max', '÷ ours', '÷ limit', ...detailNames]
  const body = rows.map((row) => [
    row.role === 'peer' ? row.name : `${row.name} (${row.role})`,
    formatNumber(row.median),
    formatNumber(row.min),
    formatNumber(row.max),
    formatRatio(row.toOurs),
    formatRatio(row.toLimit),
    ...detailNames.map((name) => formatNumber(row.details[name] ?? Number.NaN)),
  ])
  return [
    `\n${title}: ${unit}, ${better} is better, ${rounds} rounds in turns`,
    formatTable(head, body),
    ...verdicts.map(verdictText),
  ].join('\n')
}

export function observationText({ what, value, verdict }: Observation): string {
  return [`  ${what}: ${value}`, ...(verdict ? [verdictText(verdict)] : [])].join('\n')
}

const verdictText = ({ target, result }: Verdict): string => `  target ${target}: ${result}`
