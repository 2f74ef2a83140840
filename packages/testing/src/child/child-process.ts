import { type ChildProcess, spawn } from 'node:child_process'
import { BanyanError } from '@banyan/errors'
import { nodeArguments, ownFile } from '../process/own-file.js'
import type { AppPlace, FromChild, LoadedModule, Question, QuestionName, Questions } from './messages.js'

/** What a child says without being asked. */
export type Told = Exclude<FromChild, { readonly answer: number }>

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** A question was not answered, and never will be: the process is dead. */
export class ChildEnded extends Error {
  constructor(how: string) {
    super(`A process of the test ended: ${how}`)
    this.name = 'ChildEnded'
  }
}

/**
 * A process of its own that is one service of one test at a time. Owns the channel to it.
 *
 * C1 Every question is answered: by the child, or by `ChildEnded` when it is dead.
 * C2 Answers and what it tells come in the order in which the child said them.
 */
export class TestChild {
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #serial = 0
  #how: string | undefined
  #listen: (told: Told) => void = () => undefined

  private constructor() {
    this.#process = spawn(process.execPath, [...nodeArguments(), ownFile('child/main')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Structured clones: dates and bytes of rows stay what they are.
      serialization: 'advanced',
    })
    this.#process.on('message', (message: FromChild) => this.#heard(message))
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#how = how
        for (const { reject } of this.#waiting.values()) reject(new ChildEnded(how)) // C1
        this.#waiting.clear()
        resolve(how)
      }
      this.#process.once('error', (error) => end(error.message))
      this.#process.once('exit', (code, signal) => end(signal ?? `code ${code}`))
    })
  }

  /** Starts a process and lets it load the app. @throws `invalid-config` that says why it cannot */
  static async start(place: AppPlace): Promise<{ child: TestChild; modules: readonly LoadedModule[] }> {
    const child = new TestChild()
    try {
      return { child, modules: await child.ask('load', place) }
    } catch (error) {
      child.kill()
      throw error
    }
  }

  get alive(): boolean {
    return this.#how === undefined
  }

  /** From now on it belongs to somebody, and keeps this process; undefined: to nobody. */
  belongTo(listen: ((told: Told) => void) | undefined): void {
    this.#listen = listen ?? (() => undefined)
    if (listen) {
      this.#process.ref()
      this.#process.channel?.ref()
    } else {
      this.#process.unref()
      this.#process.channel?.unref()
    }
  }

  ask<Name extends QuestionName>(name: Name, given: Questions[Name]['given']): Promise<Questions[Name]['answer']> {
    const serial = ++this.#serial
    return new Promise((resolve, reject) => {
      if (this.#how !== undefined) return reject(new ChildEnded(this.#how))
      this.#waiting.set(serial, { resolve: resolve as (value: unknown) => void, reject })
      // A channel that is closed belongs to a dead process, which `ended` tells.
      this.#process.send({ serial, name, given } satisfies Question, () => undefined)
    })
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #heard(message: FromChild): void {
    if (!('answer' in message)) {
      this.#listen(message)
      return
    }
    const waiting = this.#waiting.get(message.answer)
    this.#waiting.delete(message.answer)
    if (!waiting) return
    if ('value' in message) waiting.resolve(message.value)
    else waiting.reject(typeof message.error === 'string' ? new Error(message.error) : new BanyanError(message.error))
  }
}
