import { type Ambient, type AmbientSources, createAmbient } from './ambient.js'

/** A clock that a test drives: time stands still until it is advanced; timers fire in order of their time. */
export interface DrivenClock {
  now(): number
  monotonic(): number
  after(delayMs: number, task: () => void): () => void
  /** Moves time on and fires the timers that became due, each at its own time. */
  advance(ms: number): void
  /** Timers that wait, soonest first, as milliseconds since 1970. */
  pending(): number[]
}

/** Makes a clock that stands at `startMs` until it is driven. */
export function createDrivenClock(startMs: number): DrivenClock {
  let current = startMs
  const timers = new Map<number, { at: number; task: () => void }>()
  let serial = 0
  const next = (until: number): [number, { at: number; task: () => void }] | undefined => {
    let best: [number, { at: number; task: () => void }] | undefined
    for (const timer of timers) if (timer[1].at <= until && (!best || timer[1].at < best[1].at)) best = timer
    return best
  }
  return {
    now: () => current,
    monotonic: () => current - startMs,
    after(delayMs, task) {
      const key = serial++
      timers.set(key, { at: current + Math.max(0, delayMs), task })
      return () => void timers.delete(key)
    },
    advance(ms) {
      const until = current + ms
      for (let due = next(until); due; due = next(until)) {
        timers.delete(due[0])
        current = Math.max(current, due[1].at)
        due[1].task()
      }
      current = until
    },
    pending: () => [...timers.values()].map((timer) => timer.at).sort((a, b) => a - b),
  }
}

/** Random bytes from a seed, so that a run can be repeated: mulberry32. Not for secrets. */
function seededFill(seed: number): (bytes: Uint8Array) => Uint8Array {
  let state = seed >>> 0
  return (bytes) => {
    for (let index = 0; index < bytes.length; index++) {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      bytes[index] = (mixed ^ (mixed >>> 14)) & 0xff
    }
    return bytes
  }
}

// Any number but zero tells the two sequences of a seed apart.
const idsOfSeed = 0x1d5

/** The two sequences of a seed, for chance and for ids, which go on where one ambient after the other draws from them. */
export function seededSources(seed: number): Required<Pick<AmbientSources, 'fill' | 'fillIds'>> {
  return { fill: seededFill(seed), fillIds: seededFill(seed ^ idsOfSeed) }
}

/** An ambient whose ids and randomness repeat with the seed, each by itself; time is the clock's if one is given. */
export function createSeededAmbient(seed: number, sources: Omit<AmbientSources, 'fill' | 'fillIds'> = {}): Ambient {
  return createAmbient({ ...sources, ...seededSources(seed) })
}
