/** A reader of a feed, as the feed tells it of news. */
export interface FeedListener {
  /** The lanes that it reads. */
  readonly lanes: readonly number[]
  /** How many events of them it has not handled. */
  readonly lag: number
  /** Events may be waiting. */
  wake(): void
  /** The head of a lane moved on by this many events. */
  grew(lane: number, count: number): void
  /** The log is not the one it was, or ends before where it ended (delivery.md L4). */
  wentBack(): void
}
