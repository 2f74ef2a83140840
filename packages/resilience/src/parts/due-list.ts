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
 * Deadlines that are added in the order in which they are due, as those of one edge are: entering and leaving cost two
 * assignments, and one timer at a time serves all of them.
 *
 * I1 Ordered by time: one that is due before the last is due with it.
 * I2 While there are entries, a timer runs that fires not after the first is due. It is not taken back when entries leave.
 */
export class DueList {
  readonly #ambient: Ambient
  #first: Due | undefined
  #last: Due | undefined
  #timing = false

  constructor(ambient: Ambient) {
    this.#ambient = ambient
  }

  /** @param now on the monotonic clock */
  add(entry: Due, dueAt: number, now: number): void {
    const last = this.#last
    entry.listed = true
    // I1
    entry.dueAt = last && last.dueAt > dueAt ? last.dueAt : dueAt
    entry.before = last
    if (last) last.after = entry
    else this.#first = entry
    this.#last = entry
    // I2
    if (!this.#timing) this.#time(entry.dueAt - now)
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

  #time(delayMs: number): void {
    this.#timing = true
    this.#ambient.after(delayMs, () => this.#fire())
  }

  #fire(): void {
    const now = this.#ambient.monotonic()
    for (let entry = this.#first; entry && entry.dueAt <= now; entry = this.#first) {
      this.remove(entry)
      entry.due()
    }
    this.#timing = false
    // Timers of Node may fire up to a millisecond early, so the next is asked for at least one later.
    if (this.#first) this.#time(Math.max(1, this.#first.dueAt - now))
  }
}
