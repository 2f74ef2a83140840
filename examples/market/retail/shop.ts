import { setTimeout as wait } from 'node:timers/promises'

const patienceMs = 120_000
const retryStatus = new Set([409, 429, 503, 504])

/** What a request that will not succeed was told. */
export class Refused extends Error {
  constructor(path: string, status: number, body: string) {
    super(`${path} answered ${status}: ${body.slice(0, 300)}`)
  }
}

/**
 * The shop over HTTP. Every request carries an Idempotency-Key, so it is sent again after anything doubtful — a lost
 * connection, a server that restarts — and takes effect once.
 */
export class Shop {
  retries = 0
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** @throws Refused for an answer that no repetition changes, or when the shop is away for two minutes */
  async post(path: string, key: string, body: unknown): Promise<unknown> {
    const until = Date.now() + patienceMs
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send(path, key, body)
      if (answer.status >= 200 && answer.status < 300) return answer.text === '' ? undefined : JSON.parse(answer.text)
      const again = answer.status === 0 || (retryStatus.has(answer.status) && !/"retryable":false/.test(answer.text))
      if (!again || Date.now() > until) throw new Refused(path, answer.status, answer.text)
      this.retries++
      await wait(Math.random() * Math.min(2_000, 50 * 2 ** attempt))
    }
  }

  async #send(path: string, key: string, body: unknown): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      // Refused, reset, or no answer: the shop is starting, stopping or gone. What it did is found out by asking again.
      return { status: 0, text: String(error) }
    }
  }

  async ready(): Promise<boolean> {
    try {
      return (await fetch(`${this.#url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
    } catch {
      return false
    }
  }
}
