import { banyanError } from '@banyan/errors'
import type { LanePosition, LogEvent, LogHeads, SourceLog } from '@banyan/runtime'
import { once } from '../directory/every.js'
import { readEvents } from '../log/events.js'
import type { Requests, Response } from './requests.js'

/** How long a question to a log waits; nobody sees it but who polls, so it goes by real time. */
const askMs = 5_000

/** The log of a module of another process, asked through the broker. */
export class RemoteSource implements SourceLog {
  readonly #module: string
  readonly #requests: Requests

  constructor(module: string, requests: Requests) {
    this.#module = module
    this.#requests = requests
  }

  async heads(): Promise<LogHeads> {
    const { head } = await this.#ask('heads', {})
    const { incarnation, positions } = head as Partial<LogHeads>
    if (typeof incarnation !== 'string' || !isPositions(positions)) throw this.#garbled('heads')
    return { incarnation, positions }
  }

  async positionsBefore(at: number): Promise<readonly number[]> {
    const { head } = await this.#ask('positionsBefore', { at })
    const { positions } = head as { positions?: unknown }
    if (!isPositions(positions)) throw this.#garbled('positionsBefore')
    return positions
  }

  async read(after: readonly LanePosition[], limit: number): Promise<readonly LogEvent[]> {
    const { head, body } = await this.#ask('read', { after, limit })
    const events = readEvents(head, body)
    if (!events) throw this.#garbled('read')
    return events
  }

  async register(subscriber: string, subscription: string, positions: readonly number[], at: number): Promise<void> {
    await this.#ask('register', { subscriber, subscription, positions, at })
  }

  #ask(operation: string, head: unknown): Promise<Response> {
    return this.#requests.ask({
      to: { kind: 'log', module: this.#module, operation },
      what: `the log of ${this.#module}`,
      head,
      remainingMs: askMs,
      // To be registered twice is to be registered.
      changes: false,
      after: (delayMs, task) => once(delayMs, task).end,
    })
  }

  #garbled(operation: string): Error {
    return banyanError('unavailable', { what: `the log of ${this.#module} (${operation} came back garbled)` })
  }
}

export function isPositions(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((position) => Number.isSafeInteger(position) && position >= 0)
}
