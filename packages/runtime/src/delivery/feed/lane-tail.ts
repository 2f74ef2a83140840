import type { LogEvent } from '../../ports/store.js'
import { eventBytes } from './event-bytes.js'

const aheadLimit = 16
const aheadBytesLimit = 131_072

/**
 * The newest events of one lane, in memory: one run without gaps, and the few that were handed over before one that
 * was committed earlier.
 *
 * I1 The run holds the positions from `first` on, each once, none missing.
 * I2 What is ahead of the run is never served, and bounded by itself: the cache knows of the run alone.
 */
export class LaneTail {
  #events: LogEvent[] = []
  #start = 0
  #first = 0
  #ahead: Map<number, LogEvent> | undefined
  #aheadBytes = 0

  get length(): number {
    return this.#events.length - this.#start
  }

  /** Takes an event in; gives back how many events joined the run. */
  add(event: LogEvent): number {
    if (this.length === 0) {
      this.#events = [event]
      this.#start = 0
      this.#first = event.position
      return 1 + this.#absorb()
    }
    const next = this.#first + this.length
    if (event.position < next) return 0
    if (event.position > next) {
      this.#keepAhead(event)
      return 0
    }
    this.#events.push(event)
    return 1 + this.#absorb()
  }

  /** Whether the run ends right before this position, so that it would extend it. */
  endsBefore(position: number): boolean {
    return this.length > 0 && this.#first + this.length === position
  }

  /** The last events of the run, as many as asked for. */
  newest(count: number): readonly LogEvent[] {
    return this.#events.slice(this.#events.length - count)
  }

  #keepAhead(event: LogEvent): void {
    this.#ahead ??= new Map()
    const bytes = this.#aheadBytes + eventBytes(event)
    // Beyond that the gap may never close, since another process committed it. The database serves from there on.
    if (this.#ahead.size >= aheadLimit || bytes > aheadBytesLimit || this.#ahead.has(event.position)) return
    this.#ahead.set(event.position, event)
    this.#aheadBytes = bytes
  }

  #forgetAhead(event: LogEvent): void {
    if (this.#ahead?.delete(event.position)) this.#aheadBytes -= eventBytes(event)
  }

  #absorb(): number {
    const ahead = this.#ahead
    if (!ahead) return 0
    let joined = 0
    let next = this.#first + this.length
    for (let event = ahead.get(next); event; event = ahead.get(++next)) {
      this.#forgetAhead(event)
      this.#events.push(event)
      joined++
    }
    for (const event of ahead.values()) if (event.position < next) this.#forgetAhead(event)
    if (ahead.size === 0) this.#ahead = undefined
    return joined
  }

  /** Appends up to `limit` events after the position to `into`; returns how many. */
  take(after: number, limit: number, into: LogEvent[]): number {
    const offset = after + 1 - this.#first
    if (offset < 0) return 0
    const from = this.#start + offset
    const to = Math.min(this.#events.length, from + limit)
    for (let index = from; index < to; index++) into.push(this.#events[index] as LogEvent)
    return Math.max(0, to - from)
  }

  /** Drops the oldest event of the run and gives it back. */
  shift(): LogEvent | undefined {
    if (this.length === 0) return undefined
    const event = this.#events[this.#start] as LogEvent
    this.#start++
    this.#first++
    // Copied down only when half is waste, so that dropping stays cheap.
    if (this.#start > 64 && this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start)
      this.#start = 0
    }
    return event
  }
}
