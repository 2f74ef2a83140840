import type { Ambient } from '@banyan/ambient'

/** Something that is due at a time. */
export abstract class Due {
  dueAt = 0
  before: Due | undefined
  after: Due | undefined
  listed = false
  abstract due(): void
}

/**
 * Deadlines that are added nearly in the order in which they are due, as those of one edge are: entering and leaving cost a
 * few assignments, and one timer at a time serves all of them.
 *
 * I1 Ordered by time: an entry looks for its place from the end, where it nearly always is; hedges of quick queries go past
 *    those of slow ones.
 * I2 While there are entries, a timer runs that fires not after the first is due. It is not taken back when entries leave.
 */
export class DueList {
  readonly #ambient: Ambient
  #first: Due | undefined
  #last: Due | undefined
  /** When the timer fires; before all time while it does. */
  #firesAt = Number.POSITIVE_INFINITY
  #stopTimer: (() => void) | undefined

  constructor(ambient: Ambient) {
    this.#ambient = ambient
  }

  /** @param now on the monotonic clock */
  add(entry: Due, dueAt: number, now: number): void {
    entry.listed = true
    entry.dueAt = dueAt
    // I1
    let before = this.#last
    while (before && before.dueAt > dueAt) before = before.before
    const after = before ? before.after : this.#first
    entry.before = before
    entry.after = after
    if (before) before.after = entry
    else this.#first = entry
    if (after) after.before = entry
    else this.#last = entry
    // I2
    if (dueAt < this.#firesAt) this.#time(dueAt, dueAt - now)
  }

  remove(entry: Due): void {
    if (!entry.listed) return
    entry.listed = false
    const { before, after } = entry
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    entry.before = undefined
    entry.after = undefined
  }

  #time(firesAt: number, delayMs: number): void {
    this.#stopTimer?.()
    this.#firesAt = firesAt
    this.#stopTimer = this.#ambient.after(delayMs, () => this.#fire())
  }

  #fire(): void {
    const now = this.#ambient.monotonic()
    this.#stopTimer = undefined
    this.#firesAt = Number.NEGATIVE_INFINITY
    try {
      for (let entry = this.#first; entry && entry.dueAt <= now; entry = this.#first) {
        this.remove(entry)
        entry.due()
      }
    } finally {
      this.#firesAt = Number.POSITIVE_INFINITY
      // Timers of Node may fire up to a millisecond early, so the next is asked for at least one later.
      if (this.#first) this.#time(this.#first.dueAt, Math.max(1, this.#first.dueAt - now))
    }
  }
}
