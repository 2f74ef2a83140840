import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbedded, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { expect, onTestFinished, vi } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { Project } from '../project.js'

// It starts processes, which read the sources of every package.
vi.setConfig({ testTimeout: 120_000 })

/** Whether the server of a data folder is in the middle of the migration. */
async function isMigrating(dataDir: string): Promise<boolean> {
  const connection = existsSync(dataDir) ? attachEmbedded(dataDir) : undefined
  if (!connection) return false
  const client = new pg.Client(connection)
  try {
    await client.connect()
    const { rows } = await client.query(
      "select from pg_stat_activity where query ~ 'pg_sleep.3600' and pid <> pg_backend_pid()",
    )
    return rows.length > 0
  } catch {
    return false // it is still starting
  } finally {
    await client.end()
  }
}

withNats.test('Ctrl-C during a migration that takes long ends database and broker, and waits for neither', async () => {
  const project = new Project()
  onTestFinished(() => project.remove())
  const at = (path: string): string => join(project.folder, path)
  writeFileSync(
    at('banyan.config.ts'),
    "export default { app: './src/app.ts', services: { shop: { modules: ['orders', 'notifications'] } } }\n",
  )
  writeFileSync(at('src/orders/migrations/0002_long.sql'), 'create table long ();\nselect pg_sleep(3600);\n')
  const up = project.start('up', '--port', '0')
  await vi.waitUntil(() => isMigrating(at('.banyan/data')), { timeout: 60_000, interval: 200 })
  const broker = Number(readFileSync(at('.banyan/up/nats/nats.pid'), 'utf8'))
  up.child.kill('SIGINT')
  const { code, stderr } = await up.ended
  expect(stderr).toContain('stopping what was started')
  expect(code).toBe(0)
  expect(() => process.kill(broker, 0)).toThrow('ESRCH')
  // Refused while somebody owns it.
  const server = await startEmbedded({ dataDir: at('.banyan/data') })
  await server.stop()
})
