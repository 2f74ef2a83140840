import type { Ambient } from '@banyan/ambient'

/** Runs a task once after a delay, and gives back how to cancel it. */
export type After = Ambient['after']

/**
 * Wakes the one loop that waits on it.
 *
 * I1 A ring while nobody waits is kept, so a wake-up between looking and waiting is never lost.
 */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Resolves at the next ring, or after the delay when one is given; says whether it was rung. */
  async wait(delayMs?: number, after?: After): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const cancel = delayMs === undefined || after === undefined ? undefined : after(delayMs, resolve)
        this.#wake = () => {
          cancel?.()
          resolve()
        }
      })
      this.#wake = undefined
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
