import { formatNumber, formatRatio } from '../harness/format.js'
import type { Run } from '../harness/run.js'
import { pairedRatio } from '../harness/statistics.js'
import { verdict } from '../harness/targets.js'
import type { Measurement } from '../harness/types.js'
import { detail } from './deployment.js'

/** What the turns of each deployment gave, by its name, in the order of the rounds. */
export type Taken = ReadonlyMap<string, readonly Measurement[]>

export const names = {
  one: 'one process',
  services: 'services of ours, by lane',
  plain: 'plain services, Fastify and undici',
  plainWithIds: 'plain services that keep ids of commands',
} as const

interface Promised {
  /** Times as fast, in the calls, as the plain services. */
  readonly calls?: number
  /** Times less processor time than the plain services. */
  readonly processor?: number
  /** Times as fast, in the whole checkout, as the plain services; 1 is no slower. Of our services, not of one process. */
  readonly services?: number
}

/** Says how many times less one deployment costs than another, by rounds. */
export function observeGains(run: Run, taken: Taken, promised: Promised): void {
  const over = (what: string, of: Quantity, from: Name, to: Name, atLeast?: number): void =>
    observe(run, what, ratioOf(taken, of, from, to), atLeast)
  over('one process over plain services, in waiting for calls', waiting, 'plain', 'one', promised.calls)
  over('one process over plain services, in CPU of a checkout', processor, 'plain', 'one', promised.processor)
  if (!taken.has(names.services)) return
  over('our services over plain ones, in the median of a checkout', whole, 'plain', 'services', promised.services)
  if (taken.has(names.plainWithIds))
    over('our services over plain ones that keep ids, in the median of a checkout', whole, 'plainWithIds', 'services')
  over('gain of co-location (our services to one process), in waiting for calls', waiting, 'services', 'one')
  over('gain of co-location (our services to one process), in CPU of a checkout', processor, 'services', 'one')
  over('gain of transport (plain services to ours), in waiting for calls', waiting, 'plain', 'services')
  over('gain of transport (plain services to ours), in CPU of a checkout', processor, 'plain', 'services')
}

type Name = keyof typeof names
type Quantity = (turn: Measurement) => number

const whole: Quantity = ({ value }) => value
const waiting: Quantity = ({ details }) => details?.[detail.calls] as number
const processor: Quantity = ({ details }) => details?.[detail.processor] as number

/** How much of it the first takes for what the second takes. */
function ratioOf(taken: Taken, of: Quantity, first: Name, second: Name): number {
  const valuesOf = (name: Name): number[] => (taken.get(names[name]) ?? []).map(of)
  return pairedRatio(valuesOf(first), valuesOf(second))
}

function observe(run: Run, what: string, ratio: number, promised?: number): void {
  const value = formatRatio(ratio)
  if (promised === undefined) {
    run.observe({ what, value })
    return
  }
  const missedBy = `${formatNumber(promised - ratio)} times`
  run.observe({ what, value, verdict: verdict(`≥ ${promised}×`, ratio >= promised, value, missedBy) })
}
