import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { marketFolder } from './open-market.js'

/** What Node needs to run the example from its sources. */
export const loader = ['--conditions=banyan-source', '--import', '@oxc-node/core/register']

/** What a process that has ended left behind. */
export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** A process of the example, from its sources, as its npm scripts run it. */
export class Running {
  output = ''
  readonly child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(script: string, parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { DATABASE_URL: _, INIT_CWD: __, ...inherited } = process.env
    this.child = spawn(process.execPath, [...loader, script, ...parameters], {
      cwd: marketFolder,
      env: { ...inherited, NODE_ENV: 'development', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.ended = once(this.child, 'close').then(([code]) => ({ code: code as number | null, output: this.output }))
  }

  /** Resolves when the output holds the text; @throws when it ends without. */
  async says(text: string): Promise<void> {
    let over = false
    void this.ended.then(() => {
      over = true
    })
    while (!this.output.includes(text)) {
      if (over) throw new Error(`it ended without saying '${text}':\n${this.output}`)
      await Promise.race([once(this.child.stdout as NodeJS.ReadableStream, 'data'), this.ended])
    }
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }
}

export function run(script: string, parameters: readonly string[], environment = {}): Promise<Ended> {
  return new Running(script, parameters, environment).ended
}

/** A place for one test: a data folder, a port, and what a shop there is told by its environment. */
export class Place implements AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
  readonly #shops: Running[] = []

  private constructor(name: string, port: number) {
    this.folder = join(marketFolder, '.banyan', `test-${name}-${process.pid}`)
    this.port = port
    mkdirSync(this.folder, { recursive: true })
    this.environment = { PORT: String(port), BANYAN_DATA: this.data }
  }

  static async make(name: string): Promise<Place> {
    return new Place(name, await freePort())
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Opens a shop here, without visitors. */
  async openShop(parameters: readonly string[] = ['--quiet']): Promise<Running> {
    const shop = new Running('demo/start.ts', parameters, this.environment)
    this.#shops.push(shop)
    await shop.says('The market is open')
    return shop
  }

  /** The id of the database's main process. */
  postmaster(): number {
    return Number(readFileSync(join(this.data, 'cluster/postmaster.pid'), 'utf8').split('\n')[0])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shop of this.#shops) if (shop.child.exitCode === null) await shop.kill('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a process with this id is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
