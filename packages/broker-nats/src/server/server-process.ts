import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { banyanError } from '@banyan/errors'

const startMs = 15_000
const stopMs = 10_000
const keptLines = 20

/** One run of the server: what it says, and its end. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #lines: string[] = []
  readonly #listeners = new Set<(line: string) => void>()
  #asked = false
  #isReady = false
  #summary = ''

  constructor(binary: string, parameters: readonly string[], onExit?: (summary: string) => void) {
    // A group of its own: Ctrl-C in a terminal goes to all of ours, and the services need the broker to drain.
    const child = spawn(binary, parameters, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    this.#child = child
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream })
    lines.on('line', (line) => this.#said(line))
    const allSaid = new Promise((done) => lines.on('close', done))
    this.#ended = new Promise((done) => {
      const end = async (how: string): Promise<void> => {
        await allSaid
        this.#summary = [how, ...this.#lines].join('\n')
        done()
        if (this.#isReady && !this.#asked) onExit?.(this.#summary)
      }
      child.on('error', (error) => void end(error.message))
      child.on('close', (code, signal) => void end(signal === null ? `ended with code ${code}` : `ended by ${signal}`))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get #running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves with its port when it takes connections. @throws broker-start-failed */
  async ready(): Promise<number> {
    let port = 0
    const isReady = await this.#waitFor((line) => {
      port = Number(/Listening for client connections on .*:(\d+)$/.exec(line)?.[1] ?? port)
      return line.endsWith('Server is ready')
    }, startMs)
    this.#isReady = isReady && port > 0
    if (this.#isReady) return port
    await this.end('SIGKILL')
    throw banyanError('broker-start-failed', { summary: this.#summary }, { details: { log: [...this.#lines] } })
  }

  /** @throws broker-start-failed when it does not take the new configuration */
  async reload(): Promise<void> {
    let refused = false
    const said = this.#waitFor((line) => {
      refused = line.includes('Failed to reload')
      return refused || line.includes('Reloaded server configuration')
    }, startMs)
    this.#child.kill('SIGHUP')
    if ((await said) && !refused) return
    throw banyanError(
      'broker-start-failed',
      { summary: this.#lines.join('\n') },
      { details: { log: [...this.#lines] } },
    )
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#asked = true
    if (!this.#running) return this.#ended
    this.#child.kill(signal)
    const giveUp = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    await this.#ended
    clearTimeout(giveUp)
  }

  #said(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > keptLines) this.#lines.shift()
    for (const listener of this.#listeners) listener(line)
  }

  /** Whether a line came before the time was over and the process ended. */
  #waitFor(isIt: (line: string) => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((done) => {
      const finish = (found: boolean): void => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        done(found)
      }
      const look = (line: string): void => {
        if (isIt(line)) finish(true)
      }
      const timer = setTimeout(() => finish(false), timeoutMs)
      this.#listeners.add(look)
      void this.#ended.then(() => finish(false))
    })
  }
}
