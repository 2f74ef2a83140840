import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { ModuleStore, Unit } from '../ports/store.js'

/**
 * One unit of work of the delivery, under a deadline for each event that it handles.
 *
 * I1 One timer watches all handlers of the unit; nothing is armed per event.
 * I2 An interruption (deadline, lost lease, stop) ends the wait even for a handler that ignores its signal; what such
 *    a handler does afterwards finds the unit ended.
 */
export class Attempt {
  readonly unit: Unit
  readonly signal: AbortSignal
  interruption: BanyanError | undefined
  readonly #controller = new AbortController()
  readonly #ambient: Ambient
  readonly #handlerMs: number
  readonly #what: string
  readonly #interrupted: Promise<never>
  #reject: (error: BanyanError) => void = () => undefined
  #enteredAt: number | undefined
  #cancelTimer: (() => void) | undefined

  constructor(store: ModuleStore, ambient: Ambient, handlerMs: number, what: string) {
    this.#ambient = ambient
    this.#handlerMs = handlerMs
    this.#what = what
    this.signal = this.#controller.signal
    this.unit = store.unit({ signal: this.signal })
    this.#interrupted = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    // Whoever waits hears of it through `under`; between two waits nobody listens.
    this.#interrupted.catch(() => undefined)
  }

  /** A handler begins. @returns when its time is over, on the monotonic clock */
  enter(): number {
    this.#enteredAt = this.#ambient.monotonic()
    this.#cancelTimer ??= this.#ambient.after(this.#handlerMs, () => this.#look())
    return this.#enteredAt + this.#handlerMs
  }

  /** No handler runs any more: from here on the deadline is the store's. */
  leave(): void {
    this.#enteredAt = undefined
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** The task, or the interruption if that comes first. */
  under<T>(task: Promise<T>): Promise<T> {
    return Promise.race([task, this.#interrupted])
  }

  interrupt(error: BanyanError): void {
    if (this.interruption) return
    this.interruption = error
    this.leave()
    this.#reject(error)
    this.#controller.abort(error)
  }

  /** Rolls back. Never rejects. */
  async abandon(): Promise<void> {
    this.leave()
    await this.unit.rollback()
  }

  #look(): void {
    this.#cancelTimer = undefined
    if (this.#enteredAt === undefined) return
    const leftMs = this.#handlerMs - (this.#ambient.monotonic() - this.#enteredAt)
    if (leftMs <= 0) this.interrupt(banyanError('deadline-exceeded', { operation: this.#what }))
    else this.#cancelTimer = this.#ambient.after(Math.max(1, leftMs), () => this.#look())
  }
}
