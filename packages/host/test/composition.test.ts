import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract } from '@banyan/contract'
import { embed, type RunningApp, startApp } from '@banyan/host'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { startEmbedded } from '@banyan/store-postgres'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'

const weather = contract({
  name: 'weather',
  version: '1.0.0',
  queries: { today: { output: z.string(), http: 'GET /today', access: 'public' } },
})
const app = defineApp({
  name: 'almanac',
  modules: [defineModule(weather, { queries: { today: async () => 'rain' } })],
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-composition-'))
  // PostgreSQL does not run as root: its own user must get there.
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const data = (): string => join(folder, 'data')
const start = (environment: Record<string, string>, guest = false): Promise<RunningApp> =>
  startApp({
    loaded: { app, config: { app: './app.ts', store: { folder: data() } }, folder, file: 'banyan.config.ts' },
    environment,
    guest,
    logger: createLogger({ level: 'silent' }),
  })

/** The server is killed, and there is nothing left to start again. */
function loseDatabase(): void {
  const pid = Number.parseInt(readFileSync(join(data(), 'cluster', 'postmaster.pid'), 'utf8'), 10)
  rmSync(data(), { recursive: true, maxRetries: 5 })
  process.kill(pid, 'SIGKILL')
}

/** Refused while somebody owns the database. */
async function expectFree(): Promise<void> {
  const server = await startEmbedded({ dataDir: data() })
  await server.stop()
}

test('a part that cannot be closed does not keep the others open, and is told', async () => {
  const running = await start({ PORT: '0' })
  const { gateway } = running
  if (!gateway) throw new Error('there is no gateway')
  const close = gateway.close.bind(gateway)
  gateway.close = async (deadlineMs) => {
    await close(deadlineMs)
    throw new Error('the gateway is stuck')
  }
  await expect(running.stop()).rejects.toThrow('the gateway is stuck')
  await expectFree()
})

test('an app tells that its embedded database is gone for good, and can be stopped then', async () => {
  const running = await start({ PORT: '0' })
  loseDatabase()
  expect(await running.closed).toMatchObject({ code: 'store-folder-unusable' })
  await running.stop()
})

test('an app that is stopped in order tells no reason, whoever owns its database', async () => {
  const owner = await start({ PORT: '0' })
  const guest = await start({ PORT: '0' }, true)
  for (const running of [guest, owner]) {
    await running.stop()
    expect(await running.closed).toBeUndefined()
  }
})

test('an app inside a process starts again with its next use after its database was lost for good', async () => {
  await using banyan = embed(app, {
    work: 'all',
    folder,
    environment: {},
    config: { store: { folder: data() }, log: { level: 'silent' } },
  })
  expect(await banyan.call(weather).today()).toBe('rain')
  loseDatabase()
  // Until the database is given up, a query that needs none goes on; the next use after that makes a new one.
  await vi.waitUntil(
    async () => {
      await banyan.call(weather).today()
      return existsSync(join(data(), 'cluster', 'postmaster.pid'))
    },
    { timeout: 20_000 },
  )
  expect(await banyan.call(weather).today()).toBe('rain')
})
