import type { AnyAggregate } from '@banyan/module'
import type {
  AppendCondition,
  NewSnapshot,
  NewStreamEvent,
  StreamEnding,
  StreamEventType,
} from '../ports/stream-store.js'
import type { Stream } from './stream.js'

/**
 * The streams of one unit of work, which may serve several handlers one after the other.
 *
 * I1 A stream is read once per unit; whoever loads it again sees what was appended to it meanwhile.
 * I2 Everything that was read to decide on is checked at the commit, whichever handler read it.
 */
export class UnitStreams {
  readonly #streams = new Map<string, Promise<Stream>>()
  readonly #loaded: Stream[] = []
  readonly #conditions: AppendCondition[] = []

  /** I1. A stream that could not be read may be asked for again. */
  stream(aggregate: AnyAggregate, key: string, read: () => Promise<Stream>): Promise<Stream> {
    const name = `${aggregate.name}\n${key}`
    const known = this.#streams.get(name)
    if (known) return known
    const reading = read().then(
      (stream) => {
        this.#loaded.push(stream)
        return stream
      },
      (error: unknown) => {
        this.#streams.delete(name)
        throw error
      },
    )
    this.#streams.set(name, reading)
    return reading
  }

  /** I2 */
  decidedOn(conditions: readonly AppendCondition[]): void {
    this.#conditions.push(...conditions)
  }

  /** What is to be appended, of these types and with all tags of one of the lists. */
  pending(tags: readonly (readonly string[])[], types: readonly StreamEventType[]): readonly NewStreamEvent[] {
    return this.#loaded
      .flatMap((stream) => stream.pending)
      .filter(
        (event) =>
          types.some(({ aggregate, type }) => aggregate === event.aggregate && type === event.type) &&
          tags.some((list) => list.every((tag) => event.tags.includes(tag))),
      )
  }

  ending(): StreamEnding | undefined {
    const appends = this.#loaded.flatMap((stream) => stream.pending)
    if (appends.length === 0 && this.#conditions.length === 0) return undefined
    const snapshots: NewSnapshot[] = this.#loaded.flatMap((stream) => stream.snapshot() ?? [])
    return { appends, snapshots, conditions: this.#conditions }
  }
}
