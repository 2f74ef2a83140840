import type { LogEvent, StreamFollow, StreamSink } from '@banyan/runtime'
import type { Msg, Subscription } from '@nats-io/transport-node'
import { readEvent } from './cloud-event.js'
import type { EventSubjects } from './event-subjects.js'
import type { Link } from './link.js'

/**
 * What a source publishes, as it is stored. The broker may drop some of it (a slow reader, a broken connection); that
 * shows in the positions, and whoever reads asks for what is missing.
 */
export class LiveEvents implements StreamFollow {
  readonly #link: Link
  readonly #subjects: EventSubjects
  readonly #sink: StreamSink
  readonly #blocks = new Map<number, Subscription>()
  readonly #unwatch: () => void
  #gathered: LogEvent[] = []
  #incarnation = ''
  /** Which change of blocks the broker has confirmed. */
  #asked = 0
  #confirmed = -1

  constructor(link: Link, subjects: EventSubjects, sink: StreamSink) {
    this.#link = link
    this.#subjects = subjects
    this.#sink = sink
    this.#unwatch = link.watch((connected) => {
      this.#asked++
      if (connected) void this.#confirm()
    })
  }

  get following(): boolean {
    return this.#link.connected && this.#blocks.size > 0 && this.#asked === this.#confirmed
  }

  want(blocks: readonly number[]): void {
    this.#asked++
    for (const [block, subscription] of this.#blocks) {
      if (blocks.includes(block)) continue
      subscription.unsubscribe()
      this.#blocks.delete(block)
    }
    for (const block of blocks) {
      if (this.#blocks.has(block)) continue
      // Refused: the message is empty then, and the link tells of it.
      const callback = (error: Error | null, message: Msg): void => {
        if (!error) this.#heard(message)
      }
      this.#blocks.set(block, this.#link.connection.subscribe(this.#subjects.live(block), { callback }))
    }
    if (blocks.length > 0) void this.#confirm()
  }

  stop(): void {
    this.#unwatch()
    this.#asked++
    if (!this.#link.connection.isClosed()) for (const subscription of this.#blocks.values()) subscription.unsubscribe()
    this.#blocks.clear()
  }

  /** From when on events come: what was stored before is not among them. */
  async #confirm(): Promise<void> {
    const asked = this.#asked
    try {
      await this.#link.connection.flush()
    } catch {
      return // the connection broke; the next one confirms
    }
    if (asked !== this.#asked || this.#blocks.size === 0) return
    this.#confirmed = asked
    this.#sink.resumed()
  }

  /** Messages that came together are handed over together. */
  #heard(message: Msg): void {
    const stored = readEvent(message.string())
    if (!stored) return
    if (stored.incarnation !== this.#incarnation) this.#handOver()
    this.#incarnation = stored.incarnation
    if (this.#gathered.push(stored.event) === 1) queueMicrotask(() => this.#handOver())
  }

  #handOver(): void {
    if (this.#gathered.length === 0) return
    const events = this.#gathered
    this.#gathered = []
    this.#sink.published(this.#incarnation, events)
  }
}
