import type { SqlExecutor } from './sql-executor.js'

/**
 * The port to the streams of aggregates: the module's own state, in its schema, apart from the log of what it publishes.
 *
 * I1 Versions of a stream are dense from 1; the version an event is appended under is the check that nobody was quicker.
 * I2 A tag is locked by who appends an event with it and by who decided on it, ascending, before the lanes (delivery.md
 *    L1); positions of a tag are dense, in the order of commits.
 */
export interface StreamStore {
  /** Events of a stream, after its snapshot where there is one that may be used. One round trip. */
  load(by: SqlExecutor, wanted: WantedStream): Promise<StoredStream>
  /** The events that carry all tags of one of the lists, in the order in which they were appended. One round trip. */
  match(by: SqlExecutor, wanted: WantedEvents): Promise<MatchedEvents>
}

export interface WantedStream {
  readonly aggregate: string
  readonly key: string
  /** Of the snapshot that may be used; absent: none. */
  readonly evolution?: number
  /** Events after this version; 0 for all. */
  readonly after: number
  /** At most this version. */
  readonly until?: number
  /** At most this time. */
  readonly at?: number
  readonly limit: number
}

export interface StoredStream {
  readonly snapshot?: StreamSnapshot
  readonly events: readonly StreamEvent[]
}

export interface StreamSnapshot {
  readonly version: number
  /** Time of its last event. */
  readonly at: number
  /** JSON text. */
  readonly state: string
}

/** An event of a stream. */
export interface StreamEvent {
  readonly aggregate: string
  readonly key: string
  readonly version: number
  readonly type: string
  /** Version of the schema of its data. */
  readonly schema: number
  /** JSON text. */
  readonly data: string
  readonly at: number
}

export interface NewStreamEvent extends StreamEvent {
  /** JSON text of what travels with it (P7). */
  readonly context: string
  /** Distinct. */
  readonly tags: readonly string[]
}

export interface NewSnapshot extends StreamSnapshot {
  readonly aggregate: string
  readonly key: string
  /** Version of what makes states of events. */
  readonly evolution: number
}

export interface WantedEvents {
  /** Not empty, and none of them is. */
  readonly tags: readonly (readonly string[])[]
  readonly types: readonly StreamEventType[]
  readonly limit: number
}

export interface StreamEventType {
  readonly aggregate: string
  readonly type: string
}

export interface MatchedEvents {
  /** At most one more than the limit. */
  readonly events: readonly StreamEvent[]
  /** For each list of tags: what must still hold at the commit. */
  readonly conditions: readonly AppendCondition[]
}

/** That no event was added with these tags and of one of these types, after a position of one of the tags. */
export interface AppendCondition {
  readonly tags: readonly string[]
  readonly types: readonly StreamEventType[]
  /** The tag that the fewest events carry. */
  readonly tag: string
  /** Its last position that was seen. */
  readonly after: number
}

/** The streams' part of an ending. A stream or tag that moved meanwhile makes the unit fail with `append-conflict`. */
export interface StreamEnding {
  readonly appends: readonly NewStreamEvent[]
  readonly snapshots: readonly NewSnapshot[]
  readonly conditions: readonly AppendCondition[]
}
