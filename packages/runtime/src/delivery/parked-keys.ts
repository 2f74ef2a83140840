import { laneCount } from '../call/lane.js'

/** Bounds on what may be parked (P9). */
export interface ParkedBounds {
  readonly perKey: number
  readonly perSubscription: number
}

/** Room is seen again when a full subscription is below this share of its bounds. */
const resumeShare = 0.9

interface Entry {
  readonly lane: number
  readonly key: string
  count: number
  /** Changes under way: rows that an open transaction adds or takes away. */
  pending: number
  /** Set when rows came from outside: tells whether live events that were under way then have ended. */
  released: (() => boolean) | undefined
}

/**
 * Which keys have parked events, so that a later event of the same key waits behind them (delivery.md, A failing event).
 *
 * I1 At every routing decision the count of a key is at least the number of its rows in the database that this
 *    process made: it grows before the transaction that adds a row is committed, and falls after the commit of the one
 *    that takes a row away is known. So no live event ever passes a parked one of its key.
 * I2 Rows that come from outside (a resubmitted dead letter) block the key from the moment they are found, and may be
 *    handled only after the live batch under way then has ended: one event of a key is handled at a time.
 * I3 Never more keys or events than the bounds allow.
 */
export class ParkedKeys {
  total = 0
  /** Set when an event found no room; cleared when there is some again. */
  full: string | undefined
  readonly #bounds: ParkedBounds
  readonly #lanes: (Map<string, Entry> | undefined)[] = new Array(laneCount)
  /** Keys so full that the subscription may not resume yet. */
  readonly #crowded = new Set<Entry>()
  /** Keys changed while rows are being counted in the database. */
  #touched: Set<Entry> | undefined

  constructor(bounds: ParkedBounds) {
    this.#bounds = bounds
  }

  has(lane: number, key: string): boolean {
    return this.#lanes[lane]?.has(key) === true
  }

  /** Whether one more event of the key may be parked; if not, the subscription is full. */
  room(lane: number, key: string): boolean {
    const count = this.#lanes[lane]?.get(key)?.count ?? 0
    if (count >= this.#bounds.perKey) this.full = `the key ${JSON.stringify(key)} has ${count} parked events`
    else if (this.total >= this.#bounds.perSubscription) this.full = `it has ${this.total} parked events`
    else return true
    return false
  }

  /** An open transaction adds a row of the key (I1). Ended by `settle` or `undo`. */
  add(lane: number, key: string): void {
    const entry = this.#entry(lane, key)
    entry.pending++
    this.#change(entry, 1)
  }

  /** The transaction that added the row has been committed. */
  settle(lane: number, key: string): void {
    const entry = this.#entry(lane, key)
    entry.pending--
    this.#change(entry, 0)
  }

  /** The transaction that added the row has been rolled back. */
  undo(lane: number, key: string): void {
    const entry = this.#entry(lane, key)
    entry.pending--
    this.#change(entry, -1)
  }

  /** Whether the first row of the key may be handled now. */
  mayHandle(lane: number, key: string): boolean {
    const entry = this.#lanes[lane]?.get(key)
    if (!entry) return false
    if (entry.released && !entry.released()) return false
    entry.released = undefined
    return true
  }

  /** A row of the key is being handled. Ended by `handled`. */
  begin(lane: number, key: string): void {
    const entry = this.#entry(lane, key)
    entry.pending++
    this.#change(entry, 0)
  }

  /** The handling ended; `gone` when it is known that its row is. */
  handled(lane: number, key: string, gone: boolean): void {
    const entry = this.#entry(lane, key)
    entry.pending--
    this.#change(entry, gone ? -1 : 0)
  }

  /** Takes what the database held when the lanes were claimed; nothing is under way then. */
  load(rows: readonly { readonly lane: number; readonly key: string; readonly count: number }[]): void {
    // A key that is held without waiting events still blocks.
    for (const row of rows) this.#change(this.#entry(row.lane, row.key), Math.max(1, row.count))
  }

  /**
   * Compares with the database, to find what others added or took away. Keys that change meanwhile, or have a change
   * under way, are left for the next time: for those the answer may be older than what is known here.
   * @param barrier made for a key that becomes blocked: tells when the live events under way have ended (I2)
   */
  async reconcile(
    count: () => Promise<readonly { readonly lane: number; readonly key: string; readonly count: number }[]>,
    barrier: (lane: number) => () => boolean,
  ): Promise<void> {
    const touched = new Set<Entry>()
    const before = this.#all()
    for (const entry of before) if (entry.pending > 0) touched.add(entry)
    this.#touched = touched
    try {
      const rows = await count()
      const touchedKeys = new Set([...touched].map(entryId))
      const found = new Set<string>()
      for (const row of rows) {
        const id = entryId(row)
        found.add(id)
        if (touchedKeys.has(id)) continue
        const known = this.#lanes[row.lane]?.get(row.key)
        const entry = known ?? this.#entry(row.lane, row.key)
        if (!known) entry.released = barrier(row.lane)
        this.#change(entry, Math.max(1, row.count) - entry.count)
      }
      for (const entry of before)
        if (!touchedKeys.has(entryId(entry)) && !found.has(entryId(entry))) this.#change(entry, -entry.count)
    } finally {
      this.#touched = undefined
    }
  }

  #entry(lane: number, key: string): Entry {
    this.#lanes[lane] ??= new Map()
    const keys = this.#lanes[lane] as Map<string, Entry>
    let entry = keys.get(key)
    if (!entry) {
      entry = { lane, key, count: 0, pending: 0, released: undefined }
      keys.set(key, entry)
    }
    return entry
  }

  #change(entry: Entry, by: number): void {
    this.#touched?.add(entry)
    entry.count += by
    this.total += by
    if (entry.count >= this.#bounds.perKey * resumeShare) this.#crowded.add(entry)
    else this.#crowded.delete(entry)
    if (entry.count === 0 && entry.pending === 0) this.#lanes[entry.lane]?.delete(entry.key)
    if (this.#crowded.size === 0 && this.total < this.#bounds.perSubscription * resumeShare) this.full = undefined
  }

  #all(): Entry[] {
    return this.#lanes.flatMap((keys) => (keys ? [...keys.values()] : []))
  }
}

function entryId(entry: { readonly lane: number; readonly key: string }): string {
  return `${entry.lane}:${entry.key}`
}
