import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { dataIn, killByFile, killDatabase, Risen, type Victim, type VictimOptions } from './victim.js'

const market = fileURLToPath(new URL('..', import.meta.url))
// Resolved as this process resolves modules: from the sources where it runs from the sources.
const banyan = fileURLToPath(import.meta.resolve('@banyan/cli/main'))
const psMaxBytes = 16 * 1024 * 1024

interface Instance {
  readonly service: string
  readonly pid: number
}

/** The shop as services, by `banyan up`, in a folder all its own: an `up` of the example itself is not in the way. */
export class Services implements Victim {
  static readonly kinds: readonly string[] = ['service', 'broker', 'database', 'all']
  /** What `up` and its services said. */
  readonly log: string
  readonly #folder: string
  readonly #random: () => number
  readonly #environment: NodeJS.ProcessEnv
  readonly #up: Risen

  constructor({ folder, port, random }: VictimOptions & { readonly random: () => number }) {
    this.#folder = folder
    this.#random = random
    this.log = join(folder, 'up.log')
    this.#environment = { ...process.env, PORT: port, BANYAN_DATA: dataIn(folder) }
    this.#up = new Risen('banyan up', () => this.#spawn())
  }

  start(): void {
    settle(this.#folder)
    this.#up.start()
  }

  /** @param kind a kind, or the name of a service: one of its processes */
  async kill(kind: string): Promise<string | undefined> {
    if (kind === 'broker') return this.#killBroker() ? kind : undefined
    if (kind === 'database') return killDatabase(this.#folder) ? kind : undefined
    const all = await this.#instances()
    const chosen = kind === 'service' || kind === 'all' ? all : all.filter(({ service }) => service === kind)
    const victim = chosen[Math.floor(this.#random() * chosen.length)]
    if (!victim || !killProcess(victim.pid)) return undefined
    if (kind !== 'all') return `a process of ${victim.service}`
    const also = [...(this.#killBroker() ? ['broker'] : []), ...(killDatabase(this.#folder) ? ['database'] : [])]
    return ['all', `a process of ${victim.service}`, ...also].join(', ')
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#up.stop(signal)
  }

  #killBroker(): boolean {
    return killByFile(join(this.#folder, '.banyan/up/nats/nats.pid'))
  }

  /** Its processes, from the system: also those that are not ready yet, and while the broker is away. */
  async #instances(): Promise<Instance[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,command='], { maxBuffer: psMaxBytes })
    return stdout.split('\n').flatMap((line) => {
      const [, pid, service] = /^ *(\d+) .* serve (\S+) --config /.exec(line) ?? []
      return service !== undefined && line.includes(configIn(this.#folder)) ? [{ service, pid: Number(pid) }] : []
    })
  }

  #spawn(): ChildProcess {
    const log = openSync(this.log, 'a')
    try {
      return spawn(process.execPath, [...process.execArgv, banyan, 'up', '--config', configIn(this.#folder)], {
        stdio: ['ignore', log, log],
        env: this.#environment,
      })
    } finally {
      closeSync(log)
    }
  }
}

const configIn = (folder: string): string => join(folder, 'banyan.config.ts')

/** Makes the folder one in which the example can be run: what `up` keeps lies beside the configuration. */
function settle(folder: string): void {
  mkdirSync(folder, { recursive: true })
  try {
    symlinkSync(join(market, 'src'), join(folder, 'src'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const config = relative(folder, join(market, 'banyan.config.js')).replaceAll('\\', '/')
  writeFileSync(configIn(folder), `export { default } from '${config}'\n`)
}

function killProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
