import { formatNumber, formatPercent } from './format.js'
import { pairedRatio } from './statistics.js'
import type { Comparison, Row, Target, Verdict } from './types.js'

/** Whether the targets were met, said so that a miss cannot be overlooked. */
export function judge(comparison: Comparison, rows: readonly Row[]): Verdict[] {
  const ours = rows.find((row) => row.role === 'ours')
  if (!ours) return []
  return (comparison.targets ?? []).map((target) => judgeOne(comparison, rows, ours, target))
}

function judgeOne({ unit, better }: Comparison, rows: readonly Row[], ours: Row, target: Target): Verdict {
  if (target.kind === 'at-most' || target.kind === 'at-least') {
    const { value } = target
    const met = target.kind === 'at-most' ? ours.median <= value : ours.median >= value
    const sign = target.kind === 'at-most' ? '≤' : '≥'
    const off = Math.abs(ours.median - value)
    return verdict(
      `${sign} ${formatNumber(value)} ${unit}`,
      met,
      `${formatNumber(ours.median)} ${unit}`,
      `${formatNumber(off)} ${unit} (${formatPercent(off / value)})`,
    )
  }
  const other = rows.find((row) => row.name === target.of)
  if (!other) throw new Error(`The target speaks of ${target.of}, which was not measured`)
  const ratio = pairedRatio(ours.values, other.values)
  if (target.kind === 'share') {
    const off = target.atLeast - ratio
    return verdict(
      `≥ ${formatPercent(target.atLeast)} of ${target.of}`,
      off <= 0,
      formatPercent(ratio),
      `${(off * 100).toFixed(1)} percentage points`,
    )
  }
  const speedUp = better === 'lower' ? 1 / ratio : ratio
  return verdict(
    `ahead of ${target.of}`,
    speedUp > 1,
    `${speedUp.toFixed(2)} times as fast`,
    formatPercent(1 - speedUp),
  )
}

/** A verdict in the one form that all have. */
export function verdict(target: string, met: boolean, reached: string, missedBy: string): Verdict {
  return { target, met, result: met ? `met: ${reached}` : `MISSED by ${missedBy}: ${reached}` }
}
