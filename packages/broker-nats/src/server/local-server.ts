import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { locateNatsServer } from './binary.js'
import { endLeftBehind } from './left-behind.js'
import { ServerProcess } from './server-process.js'

export interface NatsServerOptions {
  /** Owned by this server: its configuration, its JetStream store, the number of its process. Made when missing. */
  readonly folder: string
  /** Text of its configuration: accounts, permissions, TLS. It names neither address nor store: they are set here. */
  readonly config?: string
  /** Default: any free one, kept over restarts. */
  readonly port?: number
  /** Default: NATS_SERVER_BIN, else what PATH leads to. */
  readonly binary?: string
  /** Told of each of its processes as soon as there is one, before it is ready. */
  readonly onProcess?: (pid: number) => void
  /** It ended though nobody stopped it: how, with the last lines of its log. */
  readonly onExit?: (summary: string) => void
}

/** A NATS server of this machine, reachable over loopback only. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** In order: the JetStream store is synced. Resolves when it has ended. */
  stop(): Promise<void>
  /** As a crash would end it. Resolves when it has ended. */
  kill(): Promise<void>
  /** Starts it again on the same port and store; stops it first where it runs. */
  restart(): Promise<void>
  /** Gives it another configuration while it runs; connections that it still allows stay. */
  reload(config: string): Promise<void>
}

/**
 * Starts a NATS server with JetStream.
 * @throws broker-missing, broker-start-failed
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const binary = options.binary ?? (await locateNatsServer())
  const folder = resolve(options.folder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const server = new LocalServer(binary, folder, options)
  await server.start()
  return server
}

/**
 * Owns the folder and the one process that serves it.
 *
 * I1 A process that a killed owner left behind is ended before another uses its store.
 */
class LocalServer implements NatsServer {
  readonly #binary: string
  readonly #folder: string
  readonly #configFile: string
  readonly #pidFile: string
  readonly #onProcess: ((pid: number) => void) | undefined
  readonly #onExit: ((summary: string) => void) | undefined
  #config: string
  #port: number | undefined
  #process: ServerProcess | undefined

  constructor(binary: string, folder: string, options: NatsServerOptions) {
    this.#binary = binary
    this.#folder = folder
    this.#configFile = join(folder, 'nats.conf')
    this.#pidFile = join(folder, 'nats.pid')
    this.#onProcess = options.onProcess
    this.#onExit = options.onExit
    this.#config = options.config ?? ''
    this.#port = options.port
  }

  get port(): number {
    return this.#port as number
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async start(): Promise<void> {
    await endLeftBehind({ pidFile: this.#pidFile, mark: this.#configFile }) // I1
    await this.#write()
    const process = new ServerProcess(
      this.#binary,
      ['-c', this.#configFile, '-a', '127.0.0.1', '-p', String(this.#port ?? -1), '-P', this.#pidFile],
      this.#onExit,
    )
    if (process.pid > 0) this.#onProcess?.(process.pid)
    this.#port = await process.ready()
    this.#process = process
  }

  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM')
    // Another program may get the number.
    await rm(this.#pidFile, { force: true })
  }

  kill(): Promise<void> {
    return this.#process?.end('SIGKILL') ?? Promise.resolve()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async reload(config: string): Promise<void> {
    this.#config = config
    await this.#write()
    await this.#process?.reload()
  }

  // Credentials may stand in it; written beside and renamed, so that nobody reads half of it.
  async #write(): Promise<void> {
    // Not by `-js -sd`: a reload then loses the streams of accounts (tried on 2.9.10), until the server is restarted.
    const jetstream = `jetstream { store_dir: ${JSON.stringify(join(this.#folder, 'store'))} }`
    await writeFile(`${this.#configFile}.new`, `${this.#config}\n${jetstream}\n`, { mode: 0o600 })
    await rename(`${this.#configFile}.new`, this.#configFile)
  }
}
