import { banyanError } from '@banyan/errors'

/**
 * Bounded concurrency of one module (P9): up to `limit` calls run, up to `queue` wait in order, the next is refused at
 * once with `overloaded`.
 */
export class Limiter {
  running = 0
  readonly limit: number
  readonly #what: string
  readonly #queue: number
  readonly #waiting: Waiter[] = []
  // Time that work takes, exponentially smoothed, for an honest retry-after.
  #meanMs = 10

  constructor(what: string, limit: number, queue: number) {
    this.#what = what
    this.limit = limit
    this.#queue = queue
  }

  get queued(): number {
    return this.#waiting.length
  }

  /** True when a place was free; then `leave` must follow. */
  tryEnter(): boolean {
    if (this.running >= this.limit) return false
    this.running++
    return true
  }

  /** Waits for a place. Rejects with `overloaded` when the queue is full; `onAbandon` lets the waiter give up. */
  enter(onAbandon: (abandon: (reason: unknown) => void) => void): Promise<void> {
    if (this.#waiting.length >= this.#queue) {
      const retryAfterMs = Math.ceil((this.#meanMs * (this.#waiting.length + 1)) / this.limit) + 1
      return Promise.reject(
        banyanError('overloaded', { what: this.#what, retryAfterMs }, { details: { retryAfterMs } }),
      )
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve }
      this.#waiting.push(waiter)
      onAbandon((reason) => {
        const at = this.#waiting.indexOf(waiter)
        if (at < 0) return
        this.#waiting.splice(at, 1)
        reject(reason)
      })
    })
  }

  /** Gives the place to the next in line. */
  leave(tookMs?: number): void {
    if (tookMs !== undefined) this.#meanMs += (tookMs - this.#meanMs) * 0.05
    // Nearly always nobody waits, and then the list is not touched.
    if (this.#waiting.length === 0) this.running--
    else this.#waiting.shift()?.resolve()
  }
}

interface Waiter {
  resolve(): void
}
