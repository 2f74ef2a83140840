import type { LogEvent } from './store.js'

/**
 * The port to the stream of one module in the broker, for the process that publishes its events to subscribers of other
 * services. An adapter implements it (broker-nats).
 *
 * I1 An event is stored only where its publisher expects: right behind the last one of the stream, and behind the one
 *    before it in its lane. So a publisher that was overtaken is refused by the broker itself, and of a batch of which one
 *    event was refused none that comes behind it in the same lane is stored: a lane has no gap.
 * I2 The stream may lose what it acknowledged; then its `identity` or its sequence tells.
 */
export interface EventStream {
  /** Rejects with `unavailable` when the broker does not answer, or there is no such stream. */
  state(): Promise<StreamState>
  /** The last event of each lane that is stored, as the stream's leader knows it; undefined for a lane without. */
  ends(): Promise<readonly (StreamEnd | undefined)[]>
  /**
   * Stores events in their order behind the tail, which it moves on at once. Resolves when all are answered: to undefined when
   * all are stored, else to why the first was not, and the tail is of no use any more. Rejects with `unavailable` when an answer is
   * missing: some may be stored then.
   */
  publish(incarnation: string, events: readonly LogEvent[], tail: StreamTail): Promise<StreamRefusal | undefined>
  /** Empties the stream; its sequence goes on. */
  purge(): Promise<void>
  /** Tells the other processes with this module that it appended something. */
  ring(): void
  /** Calls the listener when another process with this module appended; gives back how to stop it. */
  rung(listener: () => void): () => void
}

export interface StreamState {
  /** Another stream under the same name has another one. */
  readonly identity: string
  readonly lastSequence: number
}

export interface StreamEnd {
  readonly position: number
  readonly incarnation: string
  readonly sequence: number
}

/** Where a stream ends, as far as its publisher knows. */
export interface StreamTail {
  sequence: number
  /** Of the last event of each lane; 0 for a lane without. */
  readonly lanes: number[]
}

/** Why the broker did not store an event. */
export interface StreamRefusal {
  /** `overtaken`: the stream does not end where it was expected to. `full`: a limit of the broker is reached. */
  readonly kind: 'overtaken' | 'full'
  /** In the broker's words. */
  readonly reason: string
}
