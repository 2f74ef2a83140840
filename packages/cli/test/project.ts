import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeEmbedded } from '@banyan/store-postgres'
import { createProject } from 'create-banyan'

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
// Inside the workspace, where the project finds the packages that it imports; on the side, because it leaves a database.
const cache = fileURLToPath(new URL('../../../.cache', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Everything written up to now, on both streams. */
  output(): string
  /** Resolves with the match once the output holds the pattern, from a position on. */
  until(pattern: RegExp, from?: number): Promise<RegExpExecArray>
}

/** The project of `npm create banyan`, and the command line run in it from its sources. */
export class Project {
  readonly folder: string

  constructor() {
    mkdirSync(cache, { recursive: true })
    this.folder = mkdtempSync(join(cache, 'project-'))
    createProject({ folder: this.folder, name: 'tea-shop' })
  }

  start(...words: string[]): Running {
    const { DATABASE_URL: _, PORT: __, ...inherited } = process.env
    const child = spawn(
      process.execPath,
      ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program, ...words],
      { cwd: this.folder, env: inherited, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const texts = { stdout: '', stderr: '', both: '' }
    const heard: (() => void)[] = []
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk) => {
        texts[name] += chunk
        texts.both += chunk
        for (const listener of [...heard]) listener()
      })
    const ended = new Promise<Ended>((done) => {
      child.once('close', (code) => {
        done({ code, stdout: texts.stdout, stderr: texts.stderr })
        for (const listener of [...heard]) listener()
      })
    })
    const until = (pattern: RegExp, from = 0): Promise<RegExpExecArray> =>
      new Promise((done, failed) => {
        const look = (): void => {
          const found = pattern.exec(texts.both.slice(from))
          if (found) done(found)
          else if (child.exitCode !== null) failed(new Error(`ended without ${pattern}:\n${texts.both}`))
          else return
          heard.splice(heard.indexOf(look), 1)
        }
        heard.push(look)
        look()
      })
    return { child, ended, output: () => texts.both, until }
  }

  run(...words: string[]): Promise<Ended> {
    return this.start(...words).ended
  }

  /** The JSON that a command prints with --json. */
  async json(...words: string[]): Promise<{ code: number | null; value: any }> {
    const { code, stdout, stderr } = await this.run(...words, '--json')
    return {
      code,
      value: stdout.trim() === '' ? JSON.parse(stderr.trim().split('\n').at(-1) ?? '') : JSON.parse(stdout),
    }
  }

  /** Ends the embedded database for good while it runs: its server is killed, and there is nothing left to start again. */
  loseDatabase(): void {
    const dataDir = join(this.folder, '.banyan/data')
    const pointer = join(dataDir, 'location.json')
    const home = existsSync(pointer)
      ? (JSON.parse(readFileSync(pointer, 'utf8')) as { folder: string }).folder
      : dataDir
    const pid = Number.parseInt(readFileSync(join(home, 'cluster/postmaster.pid'), 'utf8'), 10)
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    process.kill(pid, 'SIGKILL')
  }

  /** With the database, which lies elsewhere where the server's user cannot get to the folder. */
  async remove(): Promise<void> {
    await removeEmbedded(join(this.folder, '.banyan/data'))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Input of `orders.place`. */
export const order = (sku = 'tea', quantity = 2): string =>
  JSON.stringify({ email: 'ada@example.org', lines: [{ sku, quantity, unitPriceMinor: 4_500 }] })
