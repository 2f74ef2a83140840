import type { ChildProcess } from 'node:child_process'
import type { Ambient } from '@banyan/ambient'

/** What a process tells the one that supervises it, over the channel between them. */
export interface FromReplica {
  readonly ready: true
  /** Where people reach it, for the gateway. */
  readonly url?: string
}

/** How a process ended, for people: `exit code 1`, `SIGKILL`. */
export type Ending = string

/**
 * One process of a service.
 *
 * I1 It is ended by `stop` at the latest when the deadline has passed: whoever waits for `ended` never waits for ever.
 */
export class ReplicaProcess {
  /** Resolves when the process has ended, also when it could not be started. */
  readonly ended: Promise<Ending>
  /** Resolves when it says that it is ready; never when it ends before. */
  readonly ready: Promise<void>
  /** When it became ready, by the monotonic clock. */
  readyAt: number | undefined
  /** Where people reach it, once it is ready. */
  url: string | undefined
  /** Absent where it could not even be tried. */
  readonly #child: ChildProcess | undefined
  readonly #ambient: Ambient
  #over = false

  /** @param child the process, or why there is none */
  constructor(child: ChildProcess | Error, ambient: Ambient) {
    this.#ambient = ambient
    if (child instanceof Error) {
      this.#over = true
      this.ended = Promise.resolve(child.message)
      this.ready = new Promise(() => undefined)
      return
    }
    this.#child = child
    this.ended = new Promise((done) => {
      const end = (how: Ending): void => {
        this.#over = true
        done(how)
      }
      child.once('error', (error) => {
        // Also told when a signal or message could not be delivered: then the process is still there.
        if (child.pid === undefined) end(error.message)
      })
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
    child.on('error', () => undefined)
    this.ready = new Promise((done) => {
      child.on('message', (message: FromReplica) => {
        if (message?.ready !== true || this.readyAt !== undefined) return
        this.readyAt = ambient.monotonic()
        this.url = message.url
        done()
      })
    })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get over(): boolean {
    return this.#over
  }

  /** Asks it to end what is under way and go; past the deadline it is ended (I1). */
  async stop(deadlineMs: number): Promise<Ending> {
    if (this.#over) return this.ended
    this.#child?.kill('SIGTERM')
    const cancel = this.#ambient.after(deadlineMs, () => this.kill())
    const how = await this.ended
    cancel()
    return how
  }

  kill(): void {
    if (!this.#over) this.#child?.kill('SIGKILL')
  }
}
