import { type ChildProcess, spawn } from 'node:child_process'
import type { Ambient } from '@banyan/ambient'
import type { Output } from '../output.js'
import type { FromApp, ToApp } from './messages.js'

export interface DevelopedAppOptions {
  /** How this program was started: options of Node, the file, and what makes it the process of an app. */
  readonly command: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  readonly output: Output
  readonly ambient: Ambient
  /** Takes the log lines of the app. */
  readonly log: NodeJS.WritableStream
}

/** Editors write a file in several steps, so a reload waits until it has been quiet for a moment. */
const settleMs = 40

/** A process that is, was or will be the app. */
interface AppProcess {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  told: boolean
}

/**
 * Owns the processes of the app under `banyan dev`: the one that runs, and one that is warm and waits to be the next.
 *
 * I1 At most one process runs the app; the next is told to start when the one before has exited.
 * I2 A change while a reload is under way makes one more; changes never pile up.
 * I3 The next process is warmed when the app is ready or has failed, so that it takes no time from a reload.
 */
export class DevelopedApp {
  readonly #options: DevelopedAppOptions
  #running: AppProcess | undefined
  #next: AppProcess | undefined
  #cancelSettling: (() => void) | undefined
  #reloading = false
  #again = false
  #stopped = false
  #changedAt: number | undefined

  constructor(options: DevelopedAppOptions) {
    this.#options = options
  }

  start(): void {
    this.#tell(this.#takeNext(), 'load', 'start')
  }

  changed(path: string): void {
    const { ambient, output } = this.#options
    this.#cancelSettling?.()
    this.#cancelSettling = ambient.after(settleMs, () => {
      this.#cancelSettling = undefined
      this.#changedAt = ambient.monotonic()
      output.note(`  ${path} changed`)
      void this.#reload()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelSettling?.()
    const processes = [this.#running, this.#next].filter((one) => one !== undefined)
    for (const { child } of processes) child.kill('SIGTERM')
    await Promise.all(processes.map(({ exited }) => exited))
  }

  /** I1, I2 */
  async #reload(): Promise<void> {
    this.#again = true
    if (this.#reloading) return
    this.#reloading = true
    while (this.#again && !this.#stopped) {
      this.#again = false
      const before = this.#running
      const next = this.#takeNext()
      // The code is loaded while the app before lets its work end.
      this.#tell(next, 'load')
      before?.child.kill('SIGTERM')
      await before?.exited
      this.#tell(next, 'start')
    }
    this.#reloading = false
  }

  #takeNext(): AppProcess {
    const taken = this.#next ?? this.#spawn()
    this.#next = undefined
    this.#running = taken
    taken.told = true
    return taken
  }

  #tell({ child }: AppProcess, ...commands: readonly ToApp[]): void {
    for (const command of commands) if (child.connected) child.send(command)
  }

  #spawn(): AppProcess {
    const { command, environment, log } = this.#options
    const child = spawn(process.execPath, command, { env: environment, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    child.stdout?.pipe(log, { end: false })
    const made: AppProcess = {
      child,
      told: false,
      exited: new Promise((done) => child.once('exit', (code) => done(code))),
    }
    child.on('message', (message: FromApp) => this.#ready(message))
    void made.exited.then((code) => this.#ended(made, code))
    return made
  }

  #ready({ ready }: FromApp): void {
    const { output, ambient } = this.#options
    if (this.#changedAt === undefined) output.note(ready.text)
    else output.note(`  ready again after ${Math.round(ambient.monotonic() - this.#changedAt)} ms`)
    this.#warm()
  }

  #ended(ended: AppProcess, code: number | null): void {
    if (this.#running === ended) this.#running = undefined
    if (this.#next === ended) this.#next = undefined
    // A process that was never told anything did not fail because of the app.
    if (this.#stopped || !ended.told || code === 0) return
    this.#options.output.note('  waiting for a change')
    this.#warm()
  }

  /** I3 */
  #warm(): void {
    if (!this.#stopped) this.#next ??= this.#spawn()
  }
}
