import { setTimeout as wait } from 'node:timers/promises'
import { Told } from './told.js'

const patienceMs = 120_000
const retryStatus = new Set([429, 502, 503, 504])

/** What a request that will not succeed was told. */
export class Refused extends Error {
  /** The code of the error, or the status where there is none: what refusals are counted by. */
  readonly kind: string

  constructor(path: string, status: number, body: string) {
    const problem = problemOf(body)
    super(`${path} answered ${status}: ${problem?.detail ?? body.slice(0, 300)}`)
    this.kind = problem?.code ?? `status ${status}`
  }
}

/** The shop did not answer for too long. What was asked may have happened; asking again under the same key tells. */
export class ShopAway extends Told {}

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly retryable?: boolean
}

function problemOf(body: string): Problem | undefined {
  try {
    return JSON.parse(body) as Problem
  } catch {
    return undefined
  }
}

interface Answer {
  /** 0 when there was none. */
  readonly status: number
  readonly text: string
}

/**
 * The shop over HTTP. A request carries an Idempotency-Key, or needs none, so it is sent again after anything doubtful — a lost
 * connection, a server that restarts — and takes effect once.
 */
export class Shop {
  retries = 0
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /**
   * @throws Refused for an answer that no repetition changes
   * @throws ShopAway when two minutes of repetitions did not help
   */
  post(path: string, key: string, body: unknown): Promise<unknown> {
    return this.#insist('POST', path, { 'idempotency-key': `"${key}"` }, body)
  }

  /** As `post`, for what may be repeated without a key. */
  put(path: string, body: unknown): Promise<unknown> {
    return this.#insist('PUT', path, {}, body)
  }

  async #insist(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
  ): Promise<unknown> {
    const init = {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }
    const until = Date.now() + patienceMs
    for (let attempt = 0; ; attempt++) {
      const { status, text } = await this.#send(path, init)
      if (status >= 200 && status < 300) return text === '' ? undefined : JSON.parse(text)
      const again = status === 0 || (problemOf(text)?.retryable ?? retryStatus.has(status))
      if (!again) throw new Refused(path, status, text)
      if (Date.now() > until)
        throw new ShopAway(
          `the shop at ${this.url} did nothing for ${patienceMs / 1000} s: ${status || ''} ${text.slice(0, 200)}`,
        )
      this.retries++
      await wait(Math.random() * Math.min(2_000, 50 * 2 ** attempt))
    }
  }

  /** What is there; undefined when there is nothing. */
  async get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    return answer.ok ? answer.json() : undefined
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        ...init,
        signal: AbortSignal.timeout(60_000),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      // Refused, reset, or no answer: the shop is starting, stopping or gone. What it did is found out by asking again.
      const cause = (error as { cause?: unknown }).cause
      return { status: 0, text: String(cause ?? error) }
    }
  }

  async ready(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
    } catch {
      return false
    }
  }

  /**
   * Waits until the shop is ready.
   * @throws ShopAway when it is not in time
   */
  async awaited(atMostMs: number, waiting: () => void): Promise<void> {
    const until = Date.now() + atMostMs
    for (let look = 0; !(await this.ready()); look++) {
      if (look === 0) waiting()
      if (Date.now() > until)
        throw new ShopAway(`no shop is open at ${this.url}; start it with: npm start (or name another with --url)`)
      await wait(250)
    }
  }
}
