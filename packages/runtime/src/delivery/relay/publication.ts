import { laneCount } from '../../call/lane.js'
import type { EventStream, StreamRefusal, StreamTail } from '../../ports/event-stream.js'
import type { LogEvent } from '../../ports/store.js'
import { spread } from '../backoff.js'
import { Bell } from '../bell.js'
import type { Feed } from '../feed/feed.js'
import type { DeliveryHost } from '../options.js'

interface Flight {
  readonly events: readonly LogEvent[]
  /** Never rejects. */
  readonly answer: Promise<{ readonly refusal: StreamRefusal | undefined } | { readonly error: unknown }>
}

export type PublicationEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'refused'; readonly refusal: StreamRefusal }
  | { readonly kind: 'changed'; readonly what: string }

/** So many batches are on their way at a time: while one is acknowledged the next is read. */
const flightsMax = 2
const batchBytes = 1024 * 1024
const allLanes: readonly number[] = Array.from({ length: laneCount }, (_, lane) => lane)

/**
 * The publishing of a log from known positions behind a known end of its stream. Owns both while it lasts; when one of
 * them is in doubt it ends, and the next begins from what the stream says.
 */
export class Publication {
  readonly #stream: EventStream
  readonly #feed: Feed
  readonly #host: DeliveryHost
  readonly #published: (events: readonly LogEvent[]) => void
  readonly #cursors = allLanes.map((lane) => ({ lane, seen: 0 }))
  readonly #flights: Flight[] = []
  readonly #bell = new Bell()
  readonly #detach: () => void
  #incarnation = ''
  #identity = ''
  #tail: StreamTail = { sequence: 0, lanes: [] }
  #watchAt = 0
  #changed: string | undefined
  #finished = false

  constructor(
    parts: { readonly stream: EventStream; readonly feed: Feed; readonly host: DeliveryHost },
    published: (events: readonly LogEvent[]) => void,
  ) {
    this.#stream = parts.stream
    this.#feed = parts.feed
    this.#host = parts.host
    this.#published = published
    const behind = (): number => this.behind
    this.#detach = parts.feed.attach({
      lanes: allLanes,
      get lag() {
        return behind()
      },
      wake: () => this.#bell.ring(),
      grew: () => undefined,
      wentBack: () => this.#change('the log went back'),
    })
  }

  /** Events known to wait. */
  get behind(): number {
    if (this.#identity === '') return 0
    const { heads } = this.#feed
    return this.#cursors.reduce((sum, { lane, seen }) => sum + Math.max(0, (heads[lane] as number) - seen), 0)
  }

  /** Set before `run`: the log, the position of each lane that was published last, and the stream. */
  begin(incarnation: string, after: readonly number[], identity: string, tail: StreamTail): void {
    // What was told of the log before is part of what is known now.
    this.#changed = undefined
    this.#incarnation = incarnation
    this.#identity = identity
    this.#tail = tail
    for (const cursor of this.#cursors) cursor.seen = after[cursor.lane] as number
  }

  /** Publishes nothing more than what is known to wait. */
  finish(): void {
    this.#finished = true
    this.#bell.ring()
  }

  /** @param stopping whether what waits is to be published before it finishes, else it finishes at once */
  async run(stopping: () => boolean): Promise<PublicationEnd> {
    this.#watchLater()
    for (;;) {
      if (this.#changed !== undefined) return { kind: 'changed', what: this.#changed }
      if (this.#finished && !stopping()) return { kind: 'finished' }
      const read = this.#feed.read(this.#cursors, this.#host.limits.relayWindow, batchBytes)
      const events = read instanceof Promise ? await read : read
      if (this.#changed !== undefined) continue
      if (events.length > 0) this.#send(events)
      if (this.#flights.length >= flightsMax || (events.length === 0 && this.#flights.length > 0)) {
        const refusal = await this.#landed()
        if (refusal) return { kind: 'refused', refusal }
      } else if (events.length === 0) {
        if (this.#finished) return { kind: 'finished' }
        await this.#idle()
      }
    }
  }

  /** Waits for what is on its way. */
  async end(): Promise<void> {
    this.#detach()
    await Promise.all(this.#flights.map(({ answer }) => answer))
  }

  #send(events: readonly LogEvent[]): void {
    const answer = this.#stream.publish(this.#incarnation, events, this.#tail).then(
      (refusal) => ({ refusal }),
      (error: unknown) => ({ error }),
    )
    this.#flights.push({ events, answer })
    for (const { lane, position } of events) (this.#cursors[lane] as { seen: number }).seen = position
  }

  async #landed(): Promise<StreamRefusal | undefined> {
    const flight = this.#flights.shift() as Flight
    const answer = await flight.answer
    if ('error' in answer) throw answer.error
    if (answer.refusal) return answer.refusal
    this.#published(flight.events)
    this.#watchLater()
    return undefined
  }

  /** Nothing waits. An acknowledged event proves the stream; without any it is looked at, since it may have lost some. */
  async #idle(): Promise<void> {
    const { ambient, upkeepAfter } = this.#host
    const leftMs = this.#watchAt - ambient.monotonic()
    if (leftMs > 0 && (await this.#bell.wait(leftMs, upkeepAfter))) return
    const { identity, lastSequence } = await this.#stream.state()
    if (identity !== this.#identity) this.#change('it is another stream')
    else if (lastSequence !== this.#tail.sequence)
      this.#change(`it ends at ${lastSequence}, and ${this.#tail.sequence} was acknowledged`)
    this.#watchLater()
  }

  #watchLater(): void {
    const { ambient, limits } = this.#host
    this.#watchAt = ambient.monotonic() + spread(limits.relayWatchMs, () => ambient.random())
  }

  #change(what: string): void {
    this.#changed ??= what
    this.#bell.ring()
  }
}
