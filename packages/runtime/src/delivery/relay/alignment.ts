import { laneCount } from '../../call/lane.js'
import type { StreamEnd } from '../../ports/event-stream.js'
import type { LogHeads } from '../../ports/store.js'

export interface AlignmentFacts {
  /** What the stream ends with, asked for before the heads. */
  readonly ends: readonly (StreamEnd | undefined)[]
  readonly heads: LogHeads
  /** Where the log begins: earlier events were pruned. */
  readonly floors: readonly number[]
  /** How far each subscriber of another service is. */
  readonly registered: readonly (readonly number[])[]
  /** Events of a lane that are published again at most; who needs older ones asks the source. */
  readonly refill: number
}

export interface Alignment {
  /** The stream has what is not in the log: why it must be emptied first. */
  readonly foreign: string | undefined
  /** The position of each lane after which events are published. */
  readonly after: readonly number[]
}

/**
 * Where publishing goes on: behind what the stream ends with; in a lane that it has nothing of, where the subscriber that
 * is furthest behind needs it from, else at the head.
 */
export function align(facts: AlignmentFacts): Alignment {
  const foreign = foreignTo(facts)
  const after: number[] = []
  for (let lane = 0; lane < laneCount; lane++) {
    const end = foreign === undefined ? facts.ends[lane]?.position : undefined
    after.push(Math.max(end ?? missingFrom(facts, lane), facts.floors[lane] as number))
  }
  return { foreign, after }
}

function foreignTo({ ends, heads }: AlignmentFacts): string | undefined {
  for (let lane = 0; lane < laneCount; lane++) {
    const end = ends[lane]
    if (end === undefined) continue
    if (end.incarnation !== heads.incarnation) return `it has events of another log, ${end.incarnation}`
    const head = heads.positions[lane] as number
    if (end.position > head) return `in lane ${lane} it has ${end.position} events, and the log ${head}`
  }
  return undefined
}

function missingFrom({ heads, registered, refill }: AlignmentFacts, lane: number): number {
  const head = heads.positions[lane] as number
  const needed = registered.reduce((least, positions) => Math.min(least, positions[lane] as number), head)
  return Math.max(needed, head - refill)
}
