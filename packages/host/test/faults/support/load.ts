import type { Ambient } from '@banyan/ambient'
import type { Runtime } from '@banyan/runtime'

const workers = 6
const accounts = 24
const pauseMs = 15
const againMs = 100
const callMs = 5_000
const mostTransfers = 50_000
const giveUpMs = 40_000

const rest = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/**
 * Transfers without end, some at a time: each is asked for under its id until it is known to be done, as a client that may
 * rely on P4 does.
 */
export class Load {
  readonly #runtime: Runtime
  readonly #ambient: Ambient
  readonly #random: () => number
  readonly #workers: Promise<void>[]
  readonly failures = new Map<string, number>()
  done = 0
  #over = false
  #failure: unknown
  /** When each worker's newest finished transfer began. */
  readonly #begun: number[] = new Array(workers).fill(0)

  constructor(runtime: Runtime, ambient: Ambient, random: () => number) {
    this.#runtime = runtime
    this.#ambient = ambient
    this.#random = random
    this.#workers = Array.from({ length: workers }, (_, index) =>
      this.#work(index).catch((error: unknown) => {
        this.#failure ??= error
      }),
    )
  }

  /** Resolves when so many more are done. */
  async progress(count: number): Promise<void> {
    const until = this.done + count
    await this.#until(() => this.done >= until)
  }

  /** Resolves when every worker has done a transfer that began after now. */
  async flowing(): Promise<void> {
    const from = this.#ambient.monotonic()
    await this.#until(() => this.#begun.every((begun) => begun >= from))
  }

  /** Whatever began is done when it resolves. */
  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#workers)
    if (this.#failure) throw this.#failure
  }

  async #until(condition: () => boolean): Promise<void> {
    for (let left = giveUpMs / 5; !condition(); left--) {
      if (this.#failure) throw this.#failure
      if (left === 0) throw new Error(`no progress: ${this.done} done, ${JSON.stringify([...this.failures])}`)
      await rest(5)
    }
  }

  async #work(index: number): Promise<void> {
    while (!this.#over && this.done < mostTransfers) {
      const begun = this.#ambient.monotonic()
      await this.#transfer()
      this.#begun[index] = begun
      await rest(pauseMs)
    }
  }

  async #transfer(): Promise<void> {
    const id = this.#ambient.newId()
    const input = {
      transferId: id,
      account: `a${Math.floor(this.#random() * accounts)}`,
      amount: 1 + Math.floor(this.#random() * 100),
    }
    const from = this.#ambient.monotonic()
    for (;;) {
      const outcome = await this.#runtime.execute({
        module: 'left',
        operation: 'transfer',
        input,
        id,
        timeoutMs: callMs,
      })
      if (outcome.ok) break
      const { code, retryable } = outcome.error
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
      if (!retryable) throw new Error(`a transfer failed for good: ${JSON.stringify(outcome.error)}`)
      if (this.#ambient.monotonic() - from > giveUpMs)
        throw new Error(`a transfer is never done: ${JSON.stringify(outcome.error)}`)
      await rest(againMs)
    }
    this.done++
  }
}
