import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract } from '@banyan/contract'
import { type RunningApp, startApp } from '@banyan/host'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { startEmbedded } from '@banyan/store-postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
const start = (environment: Record<string, string>): Promise<RunningApp> =>
  startApp({
    loaded: { app, config: { app: './app.ts', store: { folder: data() } }, folder, file: 'banyan.config.ts' },
    environment,
    logger: createLogger({ level: 'silent' }),
  })

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
