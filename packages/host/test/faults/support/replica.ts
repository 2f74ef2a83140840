import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProxiedLink } from '../../../../../tools/vitest/proxied-link.js'

const program = fileURLToPath(new URL('./program.ts', import.meta.url))
const keptLines = 200
const mostStarts = 3

export interface ReplicaOptions {
  readonly name: string
  readonly service: string
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly nats: ProxiedLink
  readonly database: ProxiedLink
  readonly lane?: ProxiedLink
}

/** A process of a service, behind links of its own. */
export class Replica {
  readonly options: ReplicaOptions
  readonly #lines: string[] = []
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  constructor(options: ReplicaOptions) {
    this.options = options
  }

  get name(): string {
    return this.options.name
  }

  get nats(): ProxiedLink {
    return this.options.nats
  }

  get database(): ProxiedLink {
    return this.options.database
  }

  get lane(): ProxiedLink | undefined {
    return this.options.lane
  }

  /** All of its ways to others. */
  get links(): ProxiedLink[] {
    return [this.nats, this.database, ...(this.lane === undefined ? [] : [this.lane])]
  }

  /** What it logged of late. */
  get log(): readonly string[] {
    return this.#lines
  }

  /** Resolves when it is ready. Tries again, as who supervises does: on a busy machine the broker may not answer in time. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    for (let left = mostStarts; ; left--)
      try {
        return await this.#startOnce(more)
      } catch (error) {
        if (left === 1) throw error
      }
  }

  async #startOnce(more: Readonly<Record<string, string>>): Promise<void> {
    const { folder, service, environment, name } = this.options
    const child = spawn(
      process.execPath,
      ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program, folder, service],
      { env: { ...ownEnvironment(), ...environment, ...more }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    this.#child = child
    this.#ended = once(child, 'close')
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lines.push(...text.trimEnd().split('\n'))
        this.#lines.splice(0, this.#lines.length - keptLines)
      })
    const ready = once(child, 'message')
    const early = this.#ended.then(() => {
      throw new Error(`${name} ended before it was ready:\n${this.#lines.join('\n')}`)
    })
    await Promise.race([ready, early])
    early.catch(() => undefined)
  }

  /** Runs, with nothing in its way. */
  async whole(): Promise<void> {
    for (const link of this.links) link.heal()
    this.resume()
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) await this.start()
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM')
    const giveUp = setTimeout(() => this.#child?.kill('SIGKILL'), 15_000)
    await this.#ended
    clearTimeout(giveUp)
  }

  async close(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()))
  }
}

/** Without what would lead elsewhere. */
function ownEnvironment(): Record<string, string | undefined> {
  const { DATABASE_URL: _, NATS_URL: __, PORT: ___, ...inherited } = process.env
  return { ...inherited, LOG_LEVEL: 'info', PROBE_PORT: '0' }
}
