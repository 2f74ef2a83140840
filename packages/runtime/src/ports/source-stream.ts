import type { SourceLog } from './source-log.js'
import type { LanePosition, LogEvent, LogHeads } from './store.js'

/** The log of a source that runs elsewhere: the source itself answers, and the broker has what it published of late. */
export interface RemoteSource extends SourceLog {
  /** Absent where nobody publishes the events of the source: then its heads are asked for, again and again. */
  readonly stream?: SourceStream
}

/**
 * What the broker has of a source's log: its events as they are published, and the later part of what was published.
 * The log of the source is the truth (delivery.md): a stream may lack its last events, or tell of a log that is gone.
 */
export interface SourceStream {
  /** The last event of each lane that the stream has, 0 where it has none; undefined when it is empty. */
  heads(): Promise<LogHeads | undefined>
  /**
   * Events of the log named after the given positions, ascending and dense per lane from `after + 1`; at most `limit` in
   * all, fairly over lanes. Of a lane that the stream does not keep from there on it has none.
   */
  read(incarnation: string, after: readonly LanePosition[], limit: number): Promise<readonly LogEvent[]>
  /** Hands over events as they are published, of no block until asked for some. */
  follow(sink: StreamSink): StreamFollow
}

/** Who gets what is published. Nothing that it does throws. */
export interface StreamSink {
  /** Events in the order of their publication; any may be missing, repeated, or of another log. */
  published(incarnation: string, events: readonly LogEvent[]): void
  /** Events may have been missed: the stream is followed from now on, or again. */
  resumed(): void
}

export interface StreamFollow {
  /** Whether what is published now reaches the sink, as far as is known. */
  readonly following: boolean
  /** The blocks of lanes to follow from now on. */
  want(blocks: readonly number[]): void
  stop(): void
}
