import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, ServiceSetting } from './service-process.js'

interface Message {
  readonly ready?: boolean
  readonly done?: string
  readonly at?: number
  readonly value?: number
  readonly processorTime?: number
  readonly handledAt?: number
}

/** A service in a process of its own. */
export class ServiceProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Set<(message: Message) => boolean>()

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: Message) => {
      for (const take of this.#waiting) if (take(message)) this.#waiting.delete(take)
    })
  }

  static async start(setting: ServiceSetting): Promise<ServiceProcess> {
    const file = fileURLToPath(new URL('service-process.js', import.meta.url))
    const child = fork(file, [JSON.stringify(setting)], { env: { ...process.env, NODE_ENV: 'production' } })
    const service = new ServiceProcess(child)
    await service.#message(({ ready }) => ready === true)
    return service
  }

  /** Resolves with the time at which the order was done, and what it answers where it does. */
  async order(order: Order): Promise<{ readonly at: number; readonly value: number }> {
    const done = this.#message(({ done }) => done === order.kind)
    this.#child.send(order)
    const { at, value } = await done
    return { at: at as number, value: value as number }
  }

  async processorTime(): Promise<number> {
    const answer = this.#message(({ processorTime }) => processorTime !== undefined)
    this.#child.send({ kind: 'processor time' } satisfies Order)
    return (await answer).processorTime as number
  }

  /** When the next batch of `spending` is committed. */
  async handledAt(): Promise<number> {
    return (await this.#message(({ handledAt }) => handledAt !== undefined)).handledAt as number
  }

  stop(): void {
    this.#child.kill()
  }

  #message(isIt: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`The service ended with ${code}`))
      this.#child.once('exit', gone)
      this.#waiting.add((message) => {
        if (!isIt(message)) return false
        this.#child.off('exit', gone)
        resolve(message)
        return true
      })
    })
  }
}
