import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { House } from './house.js'
import { killByFile, killDatabase, Risen, type Victim, type VictimOptions } from './victim.js'

const psMaxBytes = 16 * 1024 * 1024

interface Instance {
  readonly service: string
  readonly pid: number
}

/** The shop as services, by `banyan up`. */
export class Services implements Victim {
  static readonly kinds: readonly string[] = ['service', 'broker', 'database', 'all']
  readonly house: House
  readonly #folder: string
  readonly #random: () => number
  readonly #up: Risen

  constructor({ folder, port, random }: VictimOptions & { readonly random: () => number }) {
    this.#folder = folder
    this.#random = random
    this.house = new House({ folder, port })
    this.#up = new Risen('banyan up', () => this.house.run('up'))
  }

  start(): void {
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
    return [`a process of ${victim.service}`, ...also].join(', ')
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#up.stop(signal)
  }

  #killBroker(): boolean {
    return killByFile(join(this.#folder, '.banyan/up/nats/nats.pid'))
  }

  /** Its processes, from the system: also those that are not ready yet, and while the broker is away. */
  async #instances(): Promise<Instance[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,command='], { maxBuffer: psMaxBytes })
    return stdout.split('\n').flatMap((line) => {
      const [, pid, service] = /^ *(\d+) .* serve (\S+) --config /.exec(line) ?? []
      return service !== undefined && line.includes(this.house.config) ? [{ service, pid: Number(pid) }] : []
    })
  }
}

function killProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
