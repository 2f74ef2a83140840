import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Told } from './told.js'

/** Runs a script of this example as this process was run itself. */
export function runScript(script: string, parameters: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, script, ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  })
}

export const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((done) => child.once('exit', (code) => done(code ?? 1)))

/** A shop that is killed, and gets up again each time, until it is stopped. */
export interface Victim {
  start(): void
  /** Kills (`kill -9`) what is named; says what it was. Undefined when it is not there at this moment. */
  kill(kind: string): Promise<string | undefined>
  stop(): Promise<void>
}

/** Where the data of a shop lies, in the folder that is all its own. */
export const dataIn = (folder: string): string => join(folder, 'data')

/**
 * Kills the process whose number a file begins with, if its command line names this folder; false when there is none at
 * this moment. The file outlives a kill, and the number may belong to any other program then; while it is written it is
 * empty, and 0 would be the group of this very process.
 */
export function killByFile(file: string, folder: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
    if (!Number.isSafeInteger(pid) || pid <= 1 || !commandOf(pid).includes(folder)) return false
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return false
    throw error
  }
}

/** Empty when there is no such process. */
function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    // `ps` says by 1 that it found none.
    if ((error as { status?: number }).status === 1) return ''
    throw new Told(`\`ps\` is needed to know what is killed: ${(error as Error).message}`)
  }
}

/** Kills the main process of the embedded database of a shop. */
export function killDatabase(folder: string): boolean {
  const cluster = join(dataIn(folder), 'cluster')
  return killByFile(join(cluster, 'postmaster.pid'), cluster)
}

const endingsAtMost = 20

/** A process that is started again whenever it ends, until it is stopped, or has ended too often though nobody killed it. */
export class Risen {
  #child: ChildProcess | undefined
  #killed: ChildProcess | undefined
  #ending = false
  /** How often it ended by itself, however. */
  #endings = 0
  readonly #name: string
  readonly #spawn: () => ChildProcess

  constructor(name: string, spawn: () => ChildProcess) {
    this.#name = name
    this.#spawn = spawn
  }

  start(): void {
    const child = this.#spawn()
    this.#child = child
    child.once('exit', () => {
      if (this.#ending) return
      if (this.#killed !== child && ++this.#endings > endingsAtMost) {
        console.error(`✗ ${this.#name} ended by itself ${this.#endings} times; it is not started again`)
        return
      }
      this.start()
    })
  }

  kill(): void {
    this.#killed = this.#child
    this.#child?.kill('SIGKILL')
  }

  /** Ends it for good, in order or not, and waits for its end. @returns its exit code */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#ending = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? 1
    const ended = exitOf(child)
    child.kill(signal)
    return ended
  }
}

export interface VictimOptions {
  /** All its own: data, logs. Absolute. */
  readonly folder: string
  readonly port: string
}

/** The shop as one process. */
export class OneProcess implements Victim {
  static readonly kinds: readonly string[] = ['app', 'database', 'both']
  readonly #folder: string
  readonly #process: Risen

  constructor({ folder, port }: VictimOptions) {
    this.#folder = folder
    this.#process = new Risen('the shop', () =>
      spawn(process.execPath, [...process.execArgv, 'demo/start.ts', '--quiet'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, PORT: port, LOG_LEVEL: 'error', BANYAN_DATA: dataIn(folder) },
      }),
    )
  }

  start(): void {
    this.#process.start()
  }

  async kill(kind: string): Promise<string | undefined> {
    if (kind !== 'app' && !killDatabase(this.#folder)) return undefined
    if (kind !== 'database') this.#process.kill()
    return kind
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#process.stop(signal)
  }
}
