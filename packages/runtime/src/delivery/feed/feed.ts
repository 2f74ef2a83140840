import { banyanError, isBanyanError } from '@banyan/errors'
import { laneCount } from '../../call/lane.js'
import type { SourceLog } from '../../ports/source-log.js'
import type { RemoteSource } from '../../ports/source-stream.js'
import type { LanePosition, LogEvent, LogHeads } from '../../ports/store.js'
import { spread } from '../backoff.js'
import { Bell } from '../bell.js'
import { failureFields } from '../failure.js'
import type { DeliveryHost } from '../options.js'
import { eventBytes } from './event-bytes.js'
import { Follower } from './follower.js'
import type { FeedListener } from './listener.js'
import { TailCache } from './tail-cache.js'

/** How far a reader is in one lane. */
export interface Cursor {
  readonly lane: number
  /** The last position that the reader has. */
  readonly seen: number
}

const foreignPollMs = 50
const firstPage = 128
const largestPage = 1_000

/**
 * The log of one source as this process reads it: once for all subscribers here. Owns what is known of its heads, the
 * newest events in memory, the following of what is published where the source runs elsewhere, and the polling that finds
 * what came in no other way. Positions of subscribers are their own.
 *
 * I1 What is served per lane starts right after the reader's position and has no gap (L2).
 * I2 A head is raised only by what is committed: events handed over after their commit, or the log's own answer.
 * I3 A log that went back is told to every reader before anything else is served (L4).
 * I4 Only the source says that its log went back. What the broker has of it may be older or newer: it only adds.
 */
export class Feed {
  readonly source: string
  /** Last committed position of each lane, as far as this process knows. */
  readonly heads: number[] = new Array<number>(laneCount).fill(0)
  incarnation = ''
  /**
   * How often the log was seen to end before where it had ended, and the lowest ends seen: who handled more than that
   * handled events that are gone, however far the log has grown again since (I3).
   */
  restorations = 0
  readonly restoredTo: number[] = new Array<number>(laneCount).fill(Number.POSITIVE_INFINITY)
  /** For metrics. */
  readonly counters = { fromMemory: 0, fromLog: 0, fromStream: 0, published: 0, missed: 0, reads: 0, polls: 0 }
  readonly #log: RemoteSource
  readonly #host: DeliveryHost
  readonly #cache: TailCache
  /** The last page read from the log, by lane: subscribers that catch up side by side share it. */
  #page = new Map<number, readonly LogEvent[]>()
  #pageEvents = firstPage
  readonly #listeners = new Set<FeedListener>()
  readonly #pollBell = new Bell()
  #reading: Promise<readonly LogEvent[]> | undefined
  #polling: Promise<void> | undefined
  #stopping = false
  #turn = 0
  #follower: Follower | undefined
  /** Heads as the last look told them, while what is published is on its way here. */
  #promised: readonly number[] | undefined
  #urgent = false
  /** How often a look at the heads found something new. */
  #growths = 0
  /** The log that published last, when it is another than the one known here. */
  #alien: string | undefined

  constructor(source: string, log: RemoteSource, host: DeliveryHost) {
    this.source = source
    this.#log = log
    this.#host = host
    this.#cache = new TailCache(host.limits.cacheEvents, host.limits.cacheBytes)
  }

  get log(): SourceLog {
    return this.#log
  }

  get cached(): { readonly events: number; readonly bytes: number } {
    return this.#cache
  }

  /** Whether the source's events come as they are published; undefined where nobody publishes them. */
  get following(): boolean | undefined {
    return this.#follower?.following
  }

  start(): void {
    const { stream } = this.#log
    if (stream && !this.#follower)
      this.#follower = new Follower(
        stream,
        {
          published: (incarnation, events) => this.#published(incarnation, events),
          resumed: () => this.nudge(),
        },
        this.#listeners,
        this.#host.limits.cacheEvents,
      )
    this.#follower?.adjust()
    this.#polling ??= this.#poll()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#follower?.stop()
    this.#pollBell.ring()
    await this.#polling
    this.#cache.clear()
    this.#page.clear()
  }

  attach(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    this.#follower?.adjust()
    this.#pollBell.ring()
    return () => {
      this.#listeners.delete(listener)
      this.#follower?.adjust()
    }
  }

  /** Takes events that this process committed (L5). They may come in another order than they were committed in. */
  committed(events: readonly LogEvent[]): void {
    const kept = this.#listeners.size > 0
    for (const event of events) {
      if (kept) this.#cache.add(event)
      this.#raise(event.lane, event.position)
    }
    for (const listener of this.#listeners) listener.wake()
  }

  /** Takes events that the source published: committed, but perhaps to a log that is gone, or known already. */
  #published(incarnation: string, events: readonly LogEvent[]): void {
    if (this.#stopping) return
    if (incarnation !== this.incarnation) {
      // I4: the source is asked, once for each log; what is missed meanwhile is read from it.
      if (this.#alien !== incarnation) this.nudge()
      this.#alien = incarnation
      return
    }
    this.counters.published += events.length
    this.committed(events)
    this.#follower?.adjust()
  }

  /** Looks at the heads soon: something was committed whose positions are not known here. */
  nudge(): void {
    this.#urgent = true
    this.#pollBell.ring()
  }

  /**
   * Events after each cursor, ascending and without a gap per lane, fairly over lanes; from memory at once where
   * possible. An empty list means that nothing is waiting as far as is known. Rejects with `log-diverged`.
   */
  read(
    cursors: readonly Cursor[],
    limit: number,
    maxBytes: number,
  ): readonly LogEvent[] | Promise<readonly LogEvent[]> {
    const missing: Cursor[] = []
    const events = this.#fromMemory(cursors, limit, missing)
    if (missing.length > 0) return this.#readThrough(cursors, limit, maxBytes)
    this.counters.fromMemory += events.length
    return withinBytes(events, maxBytes)
  }

  /** Reads the heads of the log anew; a head that went back is told to all readers (I3). */
  async refresh(): Promise<void> {
    this.#raiseAll(await this.#askHeads())
  }

  /** As `refresh`; where the source does not answer, what the broker has of its log must do (I4). Says who told. */
  async look(): Promise<'source' | 'stream'> {
    try {
      await this.refresh()
      return 'source'
    } catch (error) {
      const heads = await this.#streamHeads()
      if (!heads || (this.incarnation !== '' && heads.incarnation !== this.incarnation)) throw error
      this.incarnation = heads.incarnation
      this.#raiseAll(heads.positions)
      return 'stream'
    }
  }

  /** Positions that were handled are committed, whoever tells of the heads. */
  handled(positions: readonly LanePosition[]): void {
    for (const { lane, after } of positions) this.#raise(lane, after)
  }

  /** Where the log ends; of one that went back, what readers were told. */
  async #askHeads(): Promise<readonly number[]> {
    const before = this.heads.slice()
    this.counters.polls++
    const { incarnation, positions } = await this.#log.heads()
    const changed = this.incarnation !== '' && this.incarnation !== incarnation
    // Compared with what was known when the question was asked: commits go on meanwhile.
    const wentBack = changed || before.some((known, lane) => (positions[lane] as number) < known)
    this.incarnation = incarnation
    if (wentBack) this.markRestored(positions)
    return positions
  }

  async #streamHeads(): Promise<LogHeads | undefined> {
    try {
      return await this.#log.stream?.heads()
    } catch (error) {
      // That the source does not answer is told by whoever asked; this was the second way.
      this.#host.logger.debug({ err: error, source: this.source }, 'the stream of a source cannot be read either')
      return undefined
    }
  }

  /** The log ends here, and somebody knows that it once ended later (I3). */
  markRestored(positions: readonly number[]): void {
    this.restorations++
    this.#cache.clear()
    this.#page.clear()
    this.#promised = undefined
    for (let lane = 0; lane < laneCount; lane++) {
      const position = positions[lane] as number
      this.heads[lane] = position
      this.restoredTo[lane] = Math.min(this.restoredTo[lane] as number, position)
    }
    for (const listener of this.#listeners) listener.wentBack()
  }

  #raise(lane: number, to: number): boolean {
    const known = this.heads[lane] as number
    if (to <= known) return false
    this.heads[lane] = to
    for (const listener of this.#listeners) listener.grew(lane, to - known)
    return true
  }

  /** Says whether anything is new. */
  #raiseAll(positions: readonly number[]): boolean {
    let grown = false
    for (let lane = 0; lane < laneCount; lane++) if (this.#raise(lane, positions[lane] as number)) grown = true
    if (!grown) return false
    this.#growths++
    for (const listener of this.#listeners) listener.wake()
    return true
  }

  #fromMemory(cursors: readonly Cursor[], limit: number, missing: Cursor[]): LogEvent[] {
    const waiting: Cursor[] = []
    for (const cursor of cursors) if ((this.heads[cursor.lane] as number) > cursor.seen) waiting.push(cursor)
    const events: LogEvent[] = []
    if (waiting.length === 0) return events
    const quota = Math.max(1, Math.ceil(limit / waiting.length))
    const turn = this.#turn++ % waiting.length
    const longer: { readonly lane: number; readonly seen: number }[] = []
    for (let index = 0; index < waiting.length && events.length < limit; index++) {
      const cursor = waiting[(index + turn) % waiting.length] as Cursor
      const taken = this.#take(cursor.lane, cursor.seen, Math.min(quota, limit - events.length), events)
      if (taken === 0) missing.push(cursor)
      else if (taken === quota) longer.push({ lane: cursor.lane, seen: cursor.seen + taken })
    }
    for (const cursor of longer) {
      if (events.length >= limit) break
      this.#take(cursor.lane, cursor.seen, limit - events.length, events)
    }
    return events
  }

  #take(lane: number, after: number, limit: number, into: LogEvent[]): number {
    const taken = this.#cache.take(lane, after, limit, into)
    if (taken > 0) return taken
    const page = this.#page.get(lane)
    const offset = page ? after + 1 - (page[0] as LogEvent).position : -1
    if (!page || offset < 0 || offset >= page.length) return 0
    const to = Math.min(page.length, offset + limit)
    for (let index = offset; index < to; index++) into.push(page[index] as LogEvent)
    return to - offset
  }

  async #readThrough(cursors: readonly Cursor[], limit: number, maxBytes: number): Promise<readonly LogEvent[]> {
    // One read of the log at a time: what one subscriber reads, the next finds in memory.
    while (this.#reading) {
      await this.#reading.catch(ignoreFailureOfAnother)
      if (this.#stopping) return []
    }
    const missing: Cursor[] = []
    const events = this.#fromMemory(cursors, limit, missing)
    this.counters.fromMemory += events.length
    if (missing.length === 0) return withinBytes(events, maxBytes)
    this.#follower?.adjust()
    // All that is waited for is part of it: whoever waits for its end would go round and round without a turn of the loop.
    this.#reading = this.#readPage(missing, maxBytes)
    try {
      const page = await this.#reading
      return withinBytes(events.concat(page.slice(0, limit)), maxBytes)
    } catch (error) {
      // Lanes that need nothing of the source go on without it; without any event it is told.
      if (events.length === 0 || isBanyanError(error, 'log-diverged')) throw error
      return withinBytes(events, maxBytes)
    } finally {
      this.#reading = undefined
    }
  }

  async #readPage(cursors: readonly Cursor[], maxBytes: number): Promise<readonly LogEvent[]> {
    this.counters.reads++
    const { restorations } = this
    const after = cursors.map((cursor) => ({ lane: cursor.lane, after: cursor.seen }))
    const events = await this.#readLog(after)
    // I3: these may be of the log as it was.
    if (this.restorations !== restorations) return []
    if (events.length === 0) {
      // The log has less than its heads said: look whether it went back.
      await this.refresh()
      return []
    }
    const expected = new Map(after.map((position) => [position.lane, position.after]))
    const page = new Map<number, LogEvent[]>()
    let bytes = 0
    for (const event of events) {
      // I1
      const last = expected.get(event.lane)
      if (last === undefined || event.position !== last + 1)
        throw banyanError(
          'log-diverged',
          { source: this.source, subscriber: 'a subscription' },
          { details: { lane: event.lane, expected: (last ?? 0) + 1, found: event.position } },
        )
      expected.set(event.lane, event.position)
      const run = page.get(event.lane)
      if (run) run.push(event)
      else page.set(event.lane, [event])
      this.#cache.fill(event)
      // I2: so that no reader is ever ahead of the heads, and its lag is exact.
      this.#raise(event.lane, event.position)
      bytes += eventBytes(event)
    }
    this.#page = page
    // Large events make small pages, so that a page stays near the bytes of a batch.
    this.#pageEvents = Math.max(1, Math.min(largestPage, Math.floor(maxBytes / (bytes / events.length))))
    return interleaved(page)
  }

  /** From the source; where it does not answer, from what the broker keeps. */
  async #readLog(after: readonly LanePosition[]): Promise<readonly LogEvent[]> {
    try {
      const events = await this.#log.read(after, this.#pageEvents)
      this.counters.fromLog += events.length
      return events
    } catch (error) {
      const { stream } = this.#log
      if (!stream || isBanyanError(error, 'log-diverged')) throw error
      const events = await stream.read(this.incarnation, after, this.#pageEvents)
      // The stream does not keep it: the source is needed.
      if (events.length === 0) throw error
      this.counters.fromStream += events.length
      return events
    }
  }

  async #poll(): Promise<void> {
    const { ambient, limits, logger, upkeepAfter } = this.#host
    let periodMs = limits.pollMs
    let failed = false
    const random = (): number => ambient.random()
    while (!this.#stopping) {
      await this.#pollBell.wait(spread(periodMs, random), upkeepAfter)
      if (this.#stopping) return
      if (this.#listeners.size === 0) continue
      try {
        const foreign = await this.#pollOnce()
        // Another process publishes: look more often while it does.
        periodMs = foreign ? Math.min(foreignPollMs, limits.pollMs) : Math.min(limits.pollMs, periodMs * 2)
        failed = false
      } catch (error) {
        const fields = { ...failureFields(error), source: this.source }
        if (!failed) logger.warn(fields, 'the heads of a log cannot be read; trying again')
        failed = true
        periodMs = Math.min(5_000, periodMs * 2)
      }
    }
  }

  /** Looks at the heads; says whether to look again soon, since events come in no other way. */
  async #pollOnce(): Promise<boolean> {
    const urgent = this.#urgent
    this.#urgent = false
    if (urgent || !this.#follower?.following) {
      this.#promised = undefined
      const growths = this.#growths
      if ((await this.look()) === 'stream') throw banyanError('unavailable', { what: `the log of ${this.source}` })
      return this.#follower?.paused !== true && this.#growths > growths
    }
    const positions = await this.#askHeads()
    const promised = this.#promised
    this.#promised = positions
    // What is published takes its time: only what is not here at the next look is asked for.
    if (promised && this.#raiseAll(promised)) this.counters.missed++
    return false
  }
}

// Whoever started that read handles its failure.
function ignoreFailureOfAnother(): void {}

/** One event of each lane in turn, so that cutting the list is fair to lanes. */
function interleaved(page: ReadonlyMap<number, readonly LogEvent[]>): LogEvent[] {
  const runs = [...page.values()]
  const events: LogEvent[] = []
  for (let index = 0, more = true; more; index++) {
    more = false
    for (const run of runs) {
      const event = run[index]
      if (event === undefined) continue
      events.push(event)
      more = true
    }
  }
  return events
}

/** Cuts the list where its data grows beyond the bytes; one event always passes. */
function withinBytes(events: readonly LogEvent[], maxBytes: number): readonly LogEvent[] {
  let bytes = 0
  for (let index = 0; index < events.length; index++) {
    bytes += eventBytes(events[index] as LogEvent)
    if (bytes > maxBytes && index > 0) return events.slice(0, index)
  }
  return events
}
