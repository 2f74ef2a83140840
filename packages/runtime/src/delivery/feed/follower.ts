import { laneCount } from '../../call/lane.js'
import type { SourceStream, StreamFollow, StreamSink } from '../../ports/source-stream.js'
import type { FeedListener } from './listener.js'

const lanesPerBlock = 8
const allBlocks: readonly number[] = Array.from({ length: laneCount / lanesPerBlock }, (_, block) => block)

/**
 * Follows what is published of a source, for the lanes that readers here hold. Pauses while even the nearest reader is so
 * far behind that an event would be gone from memory before it is read (P9): they ask the source until they are near.
 */
export class Follower {
  readonly #follow: StreamFollow
  readonly #listeners: ReadonlySet<FeedListener>
  readonly #pauseAt: number
  #wanted = ''
  #paused = false

  /** @param nearEvents how many events are kept in memory for readers */
  constructor(stream: SourceStream, sink: StreamSink, listeners: ReadonlySet<FeedListener>, nearEvents: number) {
    this.#follow = stream.follow(sink)
    this.#listeners = listeners
    this.#pauseAt = Math.ceil(nearEvents / 2)
  }

  /** Whether events reach this process as they are published. */
  get following(): boolean {
    return !this.#paused && this.#follow.following
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Somebody came, went, or moved on. Cheap when nothing follows from it. */
  adjust(): void {
    this.#paused = this.#nearest() > (this.#paused ? this.#pauseAt / 2 : this.#pauseAt)
    const blocks = this.#paused ? [] : this.#held()
    const wanted = blocks.join()
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    this.#follow.want(blocks)
  }

  stop(): void {
    this.#follow.stop()
  }

  #nearest(): number {
    let least = this.#listeners.size === 0 ? 0 : Number.POSITIVE_INFINITY
    for (const listener of this.#listeners) least = Math.min(least, listener.lag)
    return least
  }

  #held(): readonly number[] {
    const held = new Set<number>()
    for (const { lanes } of this.#listeners) for (const lane of lanes) held.add(Math.floor(lane / lanesPerBlock))
    return allBlocks.filter((block) => held.has(block))
  }
}
