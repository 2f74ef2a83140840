import {
  type LanePosition,
  type LogEvent,
  type LogHeads,
  laneCount,
  type SourceStream,
  type StreamFollow,
  type StreamSink,
} from '@banyan/runtime'
import type { Msg } from '@nats-io/transport-node'
import { readEvent, type StoredEvent } from './cloud-event.js'
import { type EventSubjects, eventSubjects } from './event-subjects.js'
import type { Link } from './link.js'
import { LiveEvents } from './live-events.js'

interface Found extends StoredEvent {
  readonly sequence: number
}

const sequenceHeader = 'Nats-Sequence'

/**
 * The stream of a module of another service, read by position: sequences only help to find it. It is read by single
 * messages, since a service may make no consumer (docs/decisions/0019); it serves where the source itself does not answer.
 */
export class BrokerSource implements SourceStream {
  readonly #link: Link
  readonly #subjects: EventSubjects
  readonly #what: string
  /** By lane, the event that was read last: the next one is behind it. */
  readonly #read = new Map<number, { readonly position: number; readonly sequence: number }>()

  constructor(link: Link, app: string, module: string, accounts: boolean) {
    this.#link = link
    this.#subjects = eventSubjects(app, module, accounts)
    this.#what = `the stream of ${module}`
  }

  async heads(): Promise<LogHeads | undefined> {
    const found = await Promise.all(
      Array.from({ length: laneCount }, (_, lane) => this.#get({ last_by_subj: this.#subjects.stored(lane) })),
    )
    let newest: Found | undefined
    for (const one of found) if (one && one.sequence > (newest?.sequence ?? 0)) newest = one
    if (!newest) return undefined
    const { incarnation } = newest
    return {
      incarnation,
      positions: found.map((one) => (one?.incarnation === incarnation ? one.event.position : 0)),
    }
  }

  async read(incarnation: string, after: readonly LanePosition[], limit: number): Promise<readonly LogEvent[]> {
    const quota = Math.max(1, Math.ceil(limit / Math.max(1, after.length)))
    const lanes = await Promise.all(after.slice(0, limit).map((one) => this.#readLane(incarnation, one, quota)))
    return lanes.flat().slice(0, limit)
  }

  follow(sink: StreamSink): StreamFollow {
    return new LiveEvents(this.#link, this.#subjects, sink)
  }

  async #readLane(incarnation: string, { lane, after }: LanePosition, quota: number): Promise<LogEvent[]> {
    const events: LogEvent[] = []
    let next = await this.#find(lane, after + 1)
    while (next && next.incarnation === incarnation && next.event.position === after + 1 + events.length) {
      events.push(next.event)
      this.#read.set(lane, { position: next.event.position, sequence: next.sequence })
      if (events.length >= quota) break
      next = await this.#next(lane, next.sequence + 1)
    }
    return events
  }

  /** The first event of the lane that is at the position or behind it. */
  async #find(lane: number, position: number): Promise<Found | undefined> {
    const read = this.#read.get(lane)
    if (read && read.position === position - 1) {
      const next = await this.#next(lane, read.sequence + 1)
      // A stream that was filled again has other sequences.
      if (next?.event.position === position) return next
    }
    const last = await this.#get({ last_by_subj: this.#subjects.stored(lane) })
    if (!last || last.event.position <= position) return last && last.event.position === position ? last : undefined
    let found: Found = last
    let low = 1
    let high = last.sequence
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const one = await this.#next(lane, middle)
      if (one && one.event.position < position) low = one.sequence + 1
      else {
        if (one) found = one
        high = middle
      }
    }
    return found
  }

  #next(lane: number, sequence: number): Promise<Found | undefined> {
    return this.#get({ seq: sequence, next_by_subj: this.#subjects.stored(lane) })
  }

  async #get(body: object): Promise<Found | undefined> {
    const message: Msg = await this.#link.request(this.#subjects.direct, body, this.#what)
    // 404: no such message.
    if (message.headers?.code !== 0) return undefined
    const stored = readEvent(message.string())
    return stored && { ...stored, sequence: Number(message.headers.get(sequenceHeader)) }
  }
}
