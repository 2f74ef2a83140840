import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import market from '../banyan.config.js'
import { House } from './house.js'
import { killByFile, killDatabase, Risen, type Victim, type VictimOptions } from './victim.js'

// An embedded server that dies six times in a minute is not started again.
const databaseEveryMs = 15_000
const psMaxBytes = 16 * 1024 * 1024

interface Instance {
  readonly service: string
  readonly pid: number
}

/** The shop as services, by `banyan up`. */
export class Services implements Victim {
  static readonly kinds: readonly string[] = ['service', 'broker', 'database', 'all']
  /** Each may be named to be killed, too. */
  static readonly names: readonly string[] = Object.keys(market.services ?? {})
  readonly house: House
  readonly #folder: string
  readonly #random: () => number
  readonly #up: Risen
  #databaseAt = Number.NEGATIVE_INFINITY

  constructor({ folder, port, random }: VictimOptions & { readonly random: () => number }) {
    this.#folder = folder
    this.#random = random
    this.house = new House({ folder, port })
    this.#up = new Risen('banyan up', () => this.house.run('up'))
  }

  start(): void {
    this.#up.start()
  }

  /** @param kind a kind, or the name of a service: one of its processes, when all of them run */
  async kill(kind: string): Promise<string | undefined> {
    if (kind === 'broker') return this.#killBroker() ? kind : undefined
    if (kind === 'database') return (await this.#killDatabase()) ? kind : undefined
    if (kind === 'all') await this.#databaseMayDie()
    const any = kind === 'service' || kind === 'all'
    if (!any && !(await this.#isComplete(kind))) return undefined
    const all = await this.#instances()
    const chosen = any ? all : all.filter(({ service }) => service === kind)
    const victim = chosen[Math.floor(this.#random() * chosen.length)]
    if (!victim || !killProcess(victim.pid)) return undefined
    if (kind !== 'all') return `a process of ${victim.service}`
    const also = [...(this.#killBroker() ? ['broker'] : []), ...((await this.#killDatabase()) ? ['database'] : [])]
    return [`a process of ${victim.service}`, ...also].join(', ')
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#up.stop(signal)
  }

  /** Whether a service has all its processes, as `banyan services` tells. */
  async #isComplete(service: string): Promise<boolean> {
    const { services = {} } = market
    const plan = (services as Readonly<Record<string, readonly string[] | { readonly replicas?: number }>>)[service]
    const replicas = plan && 'replicas' in plan ? (plan.replicas ?? 1) : 1
    const all = ((await this.house.ask('services')) ?? []) as (Instance & { readonly state: string })[]
    return all.filter((one) => one.service === service && one.state === 'running').length === replicas
  }

  async #killDatabase(): Promise<boolean> {
    await this.#databaseMayDie()
    const killed = killDatabase(this.#folder)
    if (killed) this.#databaseAt = performance.now()
    return killed
  }

  async #databaseMayDie(): Promise<void> {
    await wait(Math.max(0, this.#databaseAt + databaseEveryMs - performance.now()))
  }

  #killBroker(): boolean {
    const nats = join(this.#folder, '.banyan/up/nats')
    return killByFile(join(nats, 'nats.pid'), nats)
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
