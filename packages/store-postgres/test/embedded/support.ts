import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type EmbeddedConnection, type EmbeddedOptions, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { afterAll, onTestFinished, vi } from 'vitest'
import { kill, runs } from './support-process.js'

export { kill, runs } from './support-process.js'

// Making a database takes half a second alone, and many times that on a machine that is busy.
vi.setConfig({ testTimeout: 90_000 })

export const asRoot = process.getuid?.() === 0
/** A user that exists everywhere, for tests that root starts as somebody else. */
export const nobody = { uid: 65534, gid: 65534 }

/** A folder for one test. Others may pass through it, as through most folders of projects. */
export function temporaryFolder(): string {
  const folder = mkdtempSync('/var/tmp/banyan-test-')
  chmodSync(folder, 0o755)
  onTestFinished(() => {
    const pointer = join(folder, 'data', 'location.json')
    if (existsSync(pointer)) {
      rmSync(JSON.parse(readFileSync(pointer, 'utf8')).folder, { recursive: true, force: true })
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}

let template: Promise<string> | undefined

/** A data folder with an empty database that was stopped in order: a copy, because making one takes ten times longer. */
export async function preparedDatabase(): Promise<string> {
  template ??= (async () => {
    const dataDir = join(mkdtempSync('/var/tmp/banyan-test-'), 'data')
    chmodSync(dirname(dataDir), 0o755)
    const server = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
    await server.stop()
    return dataDir
  })()
  const dataDir = join(temporaryFolder(), 'data')
  const { status, stderr } = spawnSync('cp', ['-a', await template, dataDir], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return dataDir
}

afterAll(async () => {
  if (template !== undefined) rmSync(dirname(await template), { recursive: true, force: true })
})

export interface Told {
  started?: { connection: EmbeddedConnection; pid: number; adopted: boolean; version: string }
  failed?: { code: string; message: string; details?: { pid?: number; log?: string[] } }
  committed?: number
  closed?: string
  log?: string
}

/** A process of its own that runs `owner-process.ts`. Killed, with its server, when the test ends. */
export class Owner {
  readonly lines: Told[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  readonly ended: Promise<void>
  #stderr = ''

  constructor(options: Partial<EmbeddedOptions>, user?: { uid: number; gid: number }, environment: object = {}) {
    this.#child = spawn(process.execPath, [...typescript, script('owner-process.ts'), JSON.stringify(options)], {
      ...user,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(JSON.parse(line))
      for (const look of this.#waiting) look()
    })
    this.ended = new Promise((resolve) => this.#child.once('close', () => resolve()))
    void this.ended.then(() => {
      for (const look of this.#waiting) look()
    })
    onTestFinished(async () => {
      await this.kill()
      await endServers(this.lines.flatMap((line) => line.started?.pid ?? []))
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** The first value that `pick` finds in what the process tells, now or later. */
  tells<Value>(pick: (line: Told) => Value | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.lines.map(pick).find((value) => value !== undefined)
        if (found === undefined && this.#child.exitCode === null && this.#child.signalCode === null) return
        this.#waiting.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`The process ended without telling it. ${JSON.stringify(this.lines)} ${this.#stderr}`))
      }
      this.#waiting.add(look)
      look()
    })
  }

  started() {
    return this.outcome().then(({ started, failed }) => {
      if (started === undefined) throw new Error(failed?.message)
      return started
    })
  }

  /** How the start ended, whichever way. */
  outcome() {
    return this.tells((line) => (line.started || line.failed ? line : undefined))
  }

  send(line: 'write' | 'stop'): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  get committed(): number[] {
    return this.lines.flatMap((line) => line.committed ?? [])
  }

  async committedAtLeast(count: number): Promise<void> {
    await this.tells(() => (this.committed.length >= count ? true : undefined))
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

const typescript = ['--conditions=banyan-source', '--import', '@oxc-node/core/register']
export const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Runs a script of this folder to its end and gives what it printed. */
export function runScript(name: string, args: string[], user?: { uid: number; gid: number }, environment: object = {}) {
  const child = spawn(process.execPath, [...typescript, script(name), ...args], {
    ...user,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise<{ output: string; errors: string; signal: string | null; code: number | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ output, errors, signal, code }))
  })
}

async function endServers(pids: number[]): Promise<void> {
  for (const pid of pids) kill(pid)
  await until(() => pids.every((pid) => !runs(pid)))
}

/** Waits for a condition; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Runs one query over a connection of its own. */
export async function query(connection: EmbeddedConnection, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection)
  client.on('error', () => undefined) // the server may be killed meanwhile; the query tells
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

export async function writtenIds(connection: EmbeddedConnection): Promise<Set<number>> {
  const rows = await query(connection, 'select id from written')
  return new Set(rows.map(({ id }) => Number(id)))
}
