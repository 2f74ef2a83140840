import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { askUp } from '../../src/up/control.js'
import type { ReplicaStatus } from '../../src/up/replica.js'

// Each test starts programs, which read the sources of every package.
vi.setConfig({ testTimeout: 120_000 })

const program = fileURLToPath(new URL('./program.ts', import.meta.url))
let folder: string
let running: Up[]

/** `up` as a program. */
class Up {
  output = ''
  readonly child: ChildProcess
  readonly ended: Promise<number | null>

  constructor(mode: string, environment: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(
      process.execPath,
      ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program, folder, mode],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.ended = once(this.child, 'close').then(([code]) => code as number | null)
    running.push(this)
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return eventually(
      () => pattern.exec(this.output) ?? undefined,
      () => `no ${pattern} in:\n${this.output}`,
    )
  }

  /** Resolves when everything is ready: the pids of services, and of the broker. */
  async ready(): Promise<number[]> {
    const [, broker] = await this.says(/broker (\d+)/)
    await this.says(/gateway\/1 +ready/)
    return [...(await statusOf()).map(({ pid }) => pid as number), Number(broker)]
  }
}

async function eventually<T>(look: () => T | undefined, failure: () => string): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = look()
    if (found !== undefined) return found
    await wait(50)
  }
  throw new Error(failure())
}

const statusOf = async (): Promise<ReplicaStatus[]> =>
  ((await askUp(folder, { command: 'status' })) as { replicas: ReplicaStatus[] }).replicas
const told = (): string[] => readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n')
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const gone = (pids: readonly number[]): Promise<true> =>
  eventually(
    () => (pids.some(isThere) ? undefined : true),
    () => `still there: ${pids.filter(isThere).join(', ')}`,
  )

/** Resolves when the journal holds the line. */
const toldOf = (line: string): Promise<true> =>
  eventually(
    () => (told().includes(line) ? true : undefined),
    () => `no ${line} in:\n${told().join('\n')}`,
  )

const programOf = (name: string): string =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((place) => join(place, name))
    .find((path) => existsSync(path)) as string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-run-up-'))
  writeFileSync(join(folder, 'journal'), '')
  running = []
})
afterEach(async () => {
  for (const { child, ended } of running) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
})

test('Ctrl-C ends services in order, then what they need, and leaves nothing', async () => {
  const up = new Up('good')
  const pids = await up.ready()
  expect(up.output).toContain('back/1    │ back/1 says hello')
  up.child.kill('SIGINT')
  expect(await up.ended).toBe(0)
  expect(told().slice(-3)).toEqual(['gateway/1 ended', 'back/1 ended', 'closed'])
  await gone(pids)
  await expect(askUp(folder, { command: 'status' })).rejects.toMatchObject({ code: 'up-not-running' })
})

test('what cannot be closed is told, and keeps nothing else open', async () => {
  const up = new Up('unclosable')
  await up.ready()
  up.child.kill('SIGINT')
  expect(await up.ended).toBe(1)
  expect(up.output).toContain('what services need is stuck')
  expect(existsSync(join(folder, '.banyan', 'up.sock'))).toBe(false)
})

test('a database that is gone for good ends it, and it says why', async () => {
  const up = new Up('lost')
  const pids = await up.ready()
  up.child.kill('SIGUSR2')
  expect(await up.ended).toBe(1)
  expect(up.output).toContain('the database is gone for good')
  expect(up.output).toContain('code:   store-folder-unusable')
  expect(told().slice(-3)).toEqual(['gateway/1 ended', 'back/1 ended', 'closed'])
  await gone(pids)
})

test('Ctrl-C once more ends at once what does not want to go', async () => {
  const up = new Up('stubborn')
  const pids = await up.ready()
  up.child.kill('SIGINT')
  await toldOf('back/1 ignored SIGTERM')
  // A press within the same second is the same press, which npm passes on.
  up.child.kill('SIGUSR2')
  await toldOf('a second later')
  up.child.kill('SIGINT')
  expect(await up.ended).toBe(130)
  expect(told().at(-1)).toBe('closed')
  await gone(pids)
})

test('Ctrl-C while it prepares ends what was started', async () => {
  const up = new Up('slow')
  const [, broker] = await up.says(/broker (\d+)/)
  up.child.kill('SIGINT')
  expect(await up.ended).toBe(0)
  expect(told().at(-1)).toBe('closed')
  await gone([Number(broker)])
})

test('Ctrl-C once more ends at once what cannot be prepared; the guard ends the broker', async () => {
  const up = new Up('stuck')
  const [, broker] = await up.says(/broker (\d+)/)
  up.child.kill('SIGINT')
  await toldOf('told to stop')
  up.child.kill('SIGUSR2')
  await toldOf('a second later')
  up.child.kill('SIGINT')
  expect(await up.ended).toBe(130)
  await gone([Number(broker)])
})

test('killed while it prepares, it leaves no broker', async () => {
  const up = new Up('stuck')
  const [, broker] = await up.says(/broker (\d+)/)
  up.child.kill('SIGKILL')
  await up.ended
  await gone([Number(broker)])
})

test('one at a time runs in a folder; processes are replaced and counted through it', async () => {
  const up = new Up('good')
  const before = await up.ready()
  const other = new Up('good')
  expect(await other.ended).toBe(1)
  expect(other.output).toContain(`under process ${up.child.pid}`)
  const progress: string[] = []
  await askUp(folder, { command: 'replace', service: 'back' }, (line) => progress.push(line))
  expect(progress).toHaveLength(3)
  expect((await statusOf())[0]?.pid).not.toBe(before[0])
  await askUp(folder, { command: 'scale', service: 'back', replicas: 2 })
  await eventually(
    () => (told().filter((line) => line === 'back/2 began').length === 1 ? true : undefined),
    () => '',
  )
  expect(await statusOf()).toHaveLength(3)
  await expect(askUp(folder, { command: 'replace', service: 'bakc' })).rejects.toMatchObject({
    code: 'unknown-service',
  })
})

test('killed, it leaves nothing, and the next one works at once', async () => {
  const up = new Up('good')
  const pids = await up.ready()
  up.child.kill('SIGKILL')
  await up.ended
  const next = new Up('good')
  await next.ready()
  await gone(pids)
  expect(told()).toContain('back/1 was left alone')
  // In the order in which they may go: the broker is the last.
  expect(told().indexOf('broker ended')).toBeGreaterThan(told().indexOf('back/1 was left alone'))
  next.child.kill('SIGTERM')
  expect(await next.ended).toBe(0)
})

test('killed, a service that hangs is ended too, also where there is no ps', async () => {
  // What every small image has.
  const programs = join(folder, 'programs')
  mkdirSync(programs)
  for (const name of ['sleep', 'tr']) symlinkSync(programOf(name), join(programs, name))
  const up = new Up('impatient', { ...process.env, PATH: programs })
  const pids = await up.ready()
  up.child.kill('SIGKILL')
  await up.ended
  await gone(pids)
})
