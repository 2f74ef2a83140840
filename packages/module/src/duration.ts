import { banyanError } from '@banyan/errors'

export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A number of milliseconds, or a number with its unit: `'250ms'`, `'2s'`, `'10m'`, `'1.5h'`, `'7d'`. */
export type Duration = number | `${number}${DurationUnit}`

const unitMs: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const form = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

export const durationForm = "milliseconds as a number, or a number with ms, s, m, h or d, for example '10m'"

/** Milliseconds of a duration; `undefined` when it is none (negative, infinite, or not written like one). */
export function readDuration(duration: unknown): number | undefined {
  if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration : undefined
  if (typeof duration !== 'string') return undefined
  const [, amount, unit] = form.exec(duration) ?? []
  if (amount === undefined || unit === undefined) return undefined
  const ms = Number(amount) * unitMs[unit as DurationUnit]
  return Number.isFinite(ms) ? ms : undefined
}

/**
 * Milliseconds of a duration.
 * @throws `invalid-duration` when it is negative, infinite, or not written like a duration
 */
export function parseDuration(duration: Duration | (string & {})): number {
  const ms = readDuration(duration)
  if (ms === undefined) throw banyanError('invalid-duration', { value: String(duration) })
  return ms
}
