import type { BulkheadPolicy } from '../policies.js'

/** A call in the queue; `go` is called with its place. */
export interface Waiting {
  go(): void
}

/**
 * Bounds the attempts of an edge that are under way (P9), so that a callee that hangs holds a part of its caller, and not
 * all of it.
 *
 * I1 At most `concurrency` places are held, at most `queue` wait, in order.
 */
export class Bulkhead {
  running = 0
  readonly #policy: BulkheadPolicy
  readonly #waiting = new Set<Waiting>()
  /** Places that were left and are not handed on yet. */
  #left = 0
  #handing = false

  constructor(policy: BulkheadPolicy) {
    this.#policy = policy
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** True when a place was free; then `leave` must follow. */
  tryEnter(): boolean {
    if (this.running >= this.#policy.concurrency) return false
    this.running++
    return true
  }

  /** False when the queue is full. */
  tryWait(waiting: Waiting): boolean {
    if (this.#waiting.size >= this.#policy.queue) return false
    this.#waiting.add(waiting)
    return true
  }

  abandon(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  /** Gives the place to the next in line. One after the other: who gets one may leave it at once, and so may a whole queue. */
  leave(): void {
    if (this.#waiting.size === 0) {
      this.running--
      return
    }
    this.#left++
    if (this.#handing) return
    this.#handing = true
    try {
      while (this.#left > 0) {
        this.#left--
        const [next] = this.#waiting
        if (!next) this.running--
        else {
          this.#waiting.delete(next)
          next.go()
        }
      }
    } finally {
      this.#handing = false
    }
  }
}
