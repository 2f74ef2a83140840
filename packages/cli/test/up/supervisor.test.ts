import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAmbient } from '@banyan/ambient'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReplicaStatus } from '../../src/up/replica.js'
import { ServiceProcesses } from '../../src/up/service-processes.js'
import { Supervisor, type SupervisorOptions } from '../../src/up/supervisor.js'

const child = fileURLToPath(new URL('./child.mjs', import.meta.url))
type Mode = 'good' | 'crash' | 'stubborn' | 'never-ready'

let folder: string
let journal: string
let changes: ReplicaStatus[]
let listeners: (() => void)[]
let supervisor: Supervisor | undefined
/** What each service is started as, next. */
let modes: Record<string, Mode>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-up-'))
  journal = join(folder, 'journal')
  writeFileSync(journal, '')
  changes = []
  listeners = []
  modes = {}
})
afterEach(async () => {
  supervisor?.kill()
  await supervisor?.stop()
  supervisor = undefined
  rmSync(folder, { recursive: true, force: true })
})

function supervise(
  services: Readonly<Record<string, { replicas?: number; after?: readonly string[] }>>,
  options: Partial<SupervisorOptions> = {},
): Supervisor {
  supervisor = new Supervisor({
    ambient: createAmbient(),
    stopDeadlineMs: 20_000,
    restart: { baseMs: 2, capMs: 8, stableMs: 60_000 },
    services: Object.entries(services).map(([name, { replicas = 1, after = [] }]) => ({
      name,
      replicas,
      after,
      spawn: (replica) =>
        spawn(process.execPath, [child, `${name}/${replica}`, modes[name] ?? 'good', journal], {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        }),
    })),
    onChange: (status) => {
      changes.push(status)
      for (const listener of [...listeners]) listener()
    },
    ...options,
  })
  return supervisor
}

/** Resolves with the first change, past or to come, that fits. */
function change(fits: (status: ReplicaStatus) => boolean): Promise<ReplicaStatus> {
  return new Promise((done) => {
    const look = (): void => {
      const found = changes.find(fits)
      if (found) done(found)
    }
    listeners.push(look)
    look()
  })
}

const told = (): string[] => readFileSync(journal, 'utf8').trim().split('\n')
const isThere = (pid: number | undefined): boolean => {
  try {
    return process.kill(pid as number, 0)
  } catch {
    return false
  }
}

describe('starting and stopping', () => {
  test('callees start before their callers, and end after them; nothing is left', async () => {
    const up = supervise({ gateway: { after: ['front'] }, front: { after: ['back'], replicas: 2 }, back: {} })
    await up.start()
    expect(await up.allReady(20_000)).toBe(true)
    expect(told().map((line) => line.replace(/\/.*/, ''))).toEqual(['back', 'front', 'front', 'gateway'])
    const pids = up.status().map(({ pid }) => pid)
    await up.stop()
    const ends = told().filter((line) => line.endsWith('ended'))
    expect(ends.map((line) => line.replace(/\/.*/, ''))).toEqual(['gateway', 'front', 'front', 'back'])
    expect(pids.map(isThere)).toEqual([false, false, false, false])
    expect(up.status().every(({ state }) => state === 'stopped')).toBe(true)
  })

  test('a caller waits only so long for a callee that does not become ready', async () => {
    modes.back = 'never-ready'
    const up = supervise({ front: { after: ['back'] }, back: {} }, { patienceMs: 50 })
    await up.start()
    await change(({ service, state }) => service === 'front' && state === 'ready')
  })

  test('a process that does not end by itself is ended at the deadline', async () => {
    modes.back = 'stubborn'
    const up = supervise({ back: {} }, { stopDeadlineMs: 300 })
    await up.start()
    await up.allReady(20_000)
    const [{ pid } = {}] = up.status()
    await up.stop()
    expect(told()).toContain('back/1 ignored SIGTERM')
    expect(isThere(pid)).toBe(false)
  })

  test('a start that takes too long is ended and tried again', async () => {
    modes.back = 'never-ready'
    const up = supervise({ back: {} }, { startDeadlineMs: 400 })
    await up.start()
    expect(await change(({ state }) => state === 'restarting')).toMatchObject({ lastEnding: 'SIGKILL' })
  })
})

describe('restarting', () => {
  test('a process that was killed is started again', async () => {
    const up = supervise({ back: {} })
    await up.start()
    await up.allReady(20_000)
    const [{ pid } = {}] = up.status()
    process.kill(pid as number, 'SIGKILL')
    expect(await change(({ state }) => state === 'restarting')).toMatchObject({ failures: 1, lastEnding: 'SIGKILL' })
    await change((status) => status.state === 'ready' && status.restarts === 1)
    expect(up.status()[0]?.pid).not.toBe(pid)
  })

  test('one that crashes each time is tried again and again, with longer waits, and runs when it can', async () => {
    modes.back = 'crash'
    const up = supervise({ back: {} }, { restart: { baseMs: 2, capMs: 8, stableMs: 60_000 } })
    await up.start()
    const fourth = await change(({ state, failures }) => state === 'restarting' && failures === 4)
    expect(fourth.lastEnding).toBe('exit code 7')
    // A half to the whole of 2, 4, 8 and, at the cap, 8 ms again.
    const waits = changes.filter(({ state }) => state === 'restarting').map(({ againInMs = -1 }) => againInMs)
    for (const [index, most] of [2, 4, 8, 8].entries()) expect(waits[index]).toBeLessThanOrEqual(most)
    modes.back = 'good'
    await change(({ state }) => state === 'ready')
  })
})

describe('a process that cannot even be made', () => {
  test('is a start that failed: told, and tried again until it can', async () => {
    let attempts = 0
    const up = supervise(
      {},
      {
        services: [
          {
            name: 'back',
            replicas: 1,
            after: [],
            spawn: () => {
              if (++attempts < 3) throw new Error('there is no memory left')
              return spawn(process.execPath, [child, 'back/1', 'good', journal], {
                stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
              })
            },
          },
        ],
      },
    )
    await up.start()
    const second = await change(({ state, failures }) => state === 'restarting' && failures === 2)
    expect(second.lastEnding).toBe('there is no memory left')
    await change(({ state }) => state === 'ready')
  })

  test.each(['spawn', 'spawnListening'] as const)('%s: is a start that failed, and ends nobody else', async (how) => {
    const processes = new ServiceProcesses({
      execArgv: [],
      program: child,
      configFile: journal,
      folder: join(folder, 'was-removed'),
      environment: process.env,
      environmentOf: () => ({}),
      json: false,
    })
    const services = [
      { name: 'back', replicas: 1, after: [], spawn: (replica: number) => processes[how]('back', replica) },
    ]
    const up = supervise({}, { services })
    await up.start()
    const second = await change(({ state, failures }) => state === 'restarting' && failures === 2)
    expect(second.lastEnding).toContain('ENOENT')
  })
})

describe('replacing', () => {
  test('each new process is ready before the old one is asked to go', async () => {
    const up = supervise({ back: { replicas: 2 } })
    await up.start()
    await up.allReady(20_000)
    const before = up.status().map(({ pid }) => pid)
    const progress: string[] = []
    await up.replace('back', (line) => progress.push(line))
    const after = up.status()
    expect(after.map(({ state }) => state)).toEqual(['ready', 'ready'])
    expect(after.some(({ pid }) => before.includes(pid))).toBe(false)
    expect(before.map(isThere)).toEqual([false, false])
    expect(told().slice(2)).toEqual(['back/1 began', 'back/1 ended', 'back/2 began', 'back/2 ended'])
    expect(progress).toHaveLength(6)
    expect(after.map(({ restarts }) => restarts)).toEqual([0, 0])
  })

  test('where the new process cannot run the old one goes on, and the rest is left alone', async () => {
    const up = supervise({ back: { replicas: 2 } })
    await up.start()
    await up.allReady(20_000)
    const before = up.status().map(({ pid }) => pid)
    modes.back = 'crash'
    await expect(up.replace('back')).rejects.toMatchObject({
      code: 'replacement-failed',
      message: expect.stringContaining('back/1 did not become ready: exit code 7'),
    })
    expect(up.status().map(({ pid }) => pid)).toEqual(before)
    expect(told().filter((line) => line === 'back/2 began')).toHaveLength(1)
  })

  test('one change of a service at a time; a service that is not there is refused', async () => {
    const up = supervise({ back: {} })
    await up.start()
    await up.allReady(20_000)
    const first = up.replace('back')
    await expect(up.replace('back')).rejects.toMatchObject({ code: 'service-busy' })
    await first
    await expect(up.replace('bakc')).rejects.toMatchObject({ code: 'unknown-service' })
  })

  test('the number of processes can grow and shrink', async () => {
    const up = supervise({ back: {} })
    await up.start()
    await up.scale('back', 3)
    expect(await up.allReady(20_000)).toBe(true)
    expect(up.status()).toHaveLength(3)
    await up.scale('back', 1)
    expect(up.status().map(({ replica, state }) => [replica, state])).toEqual([[1, 'ready']])
    expect(
      told()
        .filter((line) => line.endsWith('ended'))
        .sort(),
    ).toEqual(['back/2 ended', 'back/3 ended'])
    await expect(up.scale('back', 0)).rejects.toMatchObject({ code: 'unknown-command' })
  })

  test('a stop in the middle of a replacement leaves nothing', async () => {
    const up = supervise({ back: {} })
    await up.start()
    await up.allReady(20_000)
    modes.back = 'never-ready'
    let pids: readonly number[] = []
    const refused = expect(
      up.replace('back', (line) => {
        pids = [...pids, Number(/\d+(?= starts)/.exec(line)?.[0])]
      }),
    ).rejects.toMatchObject({ code: 'replacement-failed' })
    await up.stop()
    await refused
    expect(pids.map(isThere)).toEqual([false])
  })
})
