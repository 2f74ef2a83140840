import { banyanError } from '@banyan/errors'
import type { Logger } from '@banyan/runtime'
import type { Msg, NatsConnection } from '@nats-io/transport-node'

const requestMs = 5_000

/**
 * The connection for events as the parts that share it see it: requests with one kind of failure, and whether it is up.
 * Does not own the connection.
 */
export class Link {
  readonly connection: NatsConnection
  #connected = true
  readonly #watchers = new Set<(connected: boolean) => void>()
  readonly #logger: Logger

  constructor(connection: NatsConnection, logger: Logger) {
    this.connection = connection
    this.#logger = logger
    void this.#watch()
  }

  get connected(): boolean {
    return this.#connected && !this.connection.isClosed()
  }

  watch(watcher: (connected: boolean) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** Rejects with `unavailable` when nobody answers, or the broker cannot do what is asked. */
  async request(subject: string, body: object | undefined, what: string): Promise<Msg> {
    if (!this.connected) throw banyanError('unavailable', { what })
    try {
      return await this.connection.request(subject, body && JSON.stringify(body), { timeout: requestMs })
    } catch (cause) {
      throw banyanError('unavailable', { what }, { cause })
    }
  }

  /** As `request`, of the API of JetStream, which answers with JSON. */
  async ask<Answer extends object>(
    subject: string,
    body: object | undefined,
    what: string,
  ): Promise<ApiAnswer<Answer>> {
    const message = await this.request(subject, body, what)
    return message.json<ApiAnswer<Answer>>()
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      const { type } = status
      // What is published or subscribed to has no answer of its own that could tell.
      if (type === 'error') this.#logger.error({ err: status.error }, 'the NATS server refused something about events')
      const connected =
        type === 'reconnect' ? true : type === 'disconnect' || type === 'close' ? false : this.#connected
      if (connected === this.#connected) continue
      this.#connected = connected
      for (const watcher of this.#watchers) watcher(connected)
    }
  }
}

export type ApiAnswer<Answer> = Answer & {
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description: string }
}

/** The answer, or `unavailable` with the broker's words. */
export function granted<Answer>(answer: ApiAnswer<Answer>, what: string): Answer {
  if (answer.error) throw banyanError('unavailable', { what: `${what} (${answer.error.description})` })
  return answer
}
