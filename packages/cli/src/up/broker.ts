import type { Ambient } from '@banyan/ambient'
import { type NatsServer, startNatsServer } from '@banyan/broker-nats'
import { defaultRestart, type RestartPolicy, restartDelay } from './backoff.js'

export interface OwnedBrokerOptions {
  readonly folder: string
  /** Accounts and permissions. */
  readonly config: string
  readonly ambient: Ambient
  /** Told of each of its processes as soon as there is one. */
  readonly onProcess: (pid: number) => void
  readonly onTrouble: (line: string) => void
}

// Nobody reaches anybody while it is away, so it comes back soon, however often it ended; starting it costs little.
const brokerRestart: RestartPolicy = { ...defaultRestart, capMs: 2_000 }

/** A NATS server that belongs to `up`: started again when it ends by itself, on the same port and store. */
export class OwnedBroker {
  readonly #options: OwnedBrokerOptions
  #server: NatsServer | undefined
  #startedAt = 0
  #failures = 0
  #stopped = false
  #restarting: Promise<void> = Promise.resolve()

  private constructor(options: OwnedBrokerOptions) {
    this.#options = options
  }

  /** @throws `broker-missing`, `broker-start-failed` */
  static async start(options: OwnedBrokerOptions): Promise<OwnedBroker> {
    const { folder, config, ambient, onProcess } = options
    const broker = new OwnedBroker(options)
    broker.#server = await startNatsServer({ folder, config, onProcess, onExit: (how) => broker.#again(how) })
    broker.#startedAt = ambient.monotonic()
    return broker
  }

  get url(): string {
    return (this.#server as NatsServer).url
  }

  /** In order. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#restarting
    await this.#server?.stop()
  }

  #again(how: string): void {
    if (this.#stopped) return
    const { ambient, onTrouble } = this.#options
    const stable = ambient.monotonic() - this.#startedAt >= brokerRestart.stableMs
    this.#failures = stable ? 1 : this.#failures + 1
    const delayMs = restartDelay(brokerRestart, this.#failures, ambient)
    onTrouble(`the NATS server ended (${how.split('\n')[0]}); again in ${Math.round(delayMs)} ms`)
    ambient.after(delayMs, () => {
      if (!this.#stopped) this.#restarting = this.#restart()
    })
  }

  async #restart(): Promise<void> {
    const { ambient, onTrouble } = this.#options
    this.#startedAt = ambient.monotonic()
    try {
      await this.#server?.restart()
      onTrouble('the NATS server runs again')
    } catch (error) {
      this.#again((error as Error).message)
    }
  }
}
