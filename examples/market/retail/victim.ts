import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Runs a script of this example as this process was run itself. */
export function runScript(script: string, parameters: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, script, ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  })
}

export const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((done) => child.once('exit', (code) => done(code ?? 1)))

const endingsAtMost = 20

/** A shop that is killed, and started again each time, until it is stopped. */
export class Victim {
  #child: ChildProcess | undefined
  #ending = false
  /** How often it ended by itself. */
  #endings = 0
  readonly #folder: string
  readonly #port: string

  /** @param folder where its embedded database lies */
  constructor(folder: string, port: string) {
    this.#folder = folder
    this.#port = port
  }

  start(): void {
    const child = spawn(process.execPath, [...process.execArgv, 'demo/start.ts', '--quiet'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, PORT: this.#port, LOG_LEVEL: 'error', BANYAN_DATA: this.#folder },
    })
    this.#child = child
    child.once('exit', (code) => {
      if (this.#ending) return
      if (code !== null && code !== 0 && ++this.#endings > endingsAtMost) {
        console.error(`✗ the shop ended by itself ${endingsAtMost} times; it is not started again`)
        return
      }
      this.start()
    })
  }

  killApp(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Kills the postmaster; false when there is none at this moment. */
  killDatabase(): boolean {
    try {
      const [pid] = readFileSync(resolve(this.#folder, 'cluster/postmaster.pid'), 'utf8').split('\n')
      return process.kill(Number(pid), 'SIGKILL')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ESRCH') return false
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = exitOf(child)
    child.kill('SIGTERM')
    await ended
  }
}
