import { laneCount } from '../../call/lane.js'
import type { LogEvent } from '../../ports/store.js'
import { eventBytes } from './event-bytes.js'
import { LaneTail } from './lane-tail.js'

/**
 * The newest events of one source, so that subscribers that keep up read no database. Bounded by number and bytes (P9):
 * the oldest go first, and who still needs them reads them from the log.
 */
export class TailCache {
  readonly #maxEvents: number
  readonly #maxBytes: number
  #lanes = emptyLanes()
  /** Lanes in the order in which their events came, oldest first: what to drop next. */
  #order: number[] = []
  #orderStart = 0
  #events = 0
  #bytes = 0

  constructor(maxEvents: number, maxBytes: number) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  get events(): number {
    return this.#events
  }

  get bytes(): number {
    return this.#bytes
  }

  add(event: LogEvent): void {
    const tail = this.#lanes[event.lane] as LaneTail
    const joined = tail.add(event)
    if (joined === 1) this.#count(event)
    else if (joined > 1) for (const one of tail.newest(joined)) this.#count(one)
    while (this.#events > this.#maxEvents || this.#bytes > this.#maxBytes) this.#dropOldest()
  }

  /** Takes an event that was read from the log, if it closes the gap behind the run of its lane. */
  fill(event: LogEvent): void {
    if ((this.#lanes[event.lane] as LaneTail).endsBefore(event.position)) this.add(event)
  }

  /** Appends the run after the position to `into`; returns how many events it had. */
  take(lane: number, after: number, limit: number, into: LogEvent[]): number {
    return (this.#lanes[lane] as LaneTail).take(after, limit, into)
  }

  clear(): void {
    this.#lanes = emptyLanes()
    this.#order = []
    this.#orderStart = 0
    this.#events = 0
    this.#bytes = 0
  }

  #count(event: LogEvent): void {
    this.#events++
    this.#bytes += eventBytes(event)
    this.#order.push(event.lane)
  }

  #dropOldest(): void {
    const lane = this.#order[this.#orderStart++] as number
    if (this.#orderStart > 1024 && this.#orderStart * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#orderStart)
      this.#orderStart = 0
    }
    const dropped = (this.#lanes[lane] as LaneTail).shift()
    if (!dropped) return
    this.#events--
    this.#bytes -= eventBytes(dropped)
  }
}

function emptyLanes(): LaneTail[] {
  return Array.from({ length: laneCount }, () => new LaneTail())
}
