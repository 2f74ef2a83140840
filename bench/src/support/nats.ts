import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { locateNatsServer, startNatsServer } from '@banyan/broker-nats'
import { benchFolder } from './database.js'

export interface BenchNats {
  readonly url: string
  readonly version: string
  stop(): Promise<void>
}

/** Where `npm run nats` puts it. */
const obtained = join(benchFolder, '..', '.cache', 'nats', 'nats-server')

/** A NATS server of its own, without accounts and limits but those configured, in a folder that is removed at the end. */
export async function startNats(config = ''): Promise<BenchNats> {
  const binary = await locateNatsServer().catch((error: unknown) => {
    if (existsSync(obtained)) return obtained
    throw error
  })
  const { stdout } = await promisify(execFile)(binary, ['--version'])
  const folder = await mkdtemp(join(tmpdir(), 'banyan-bench-nats-'))
  const server = await startNatsServer({ folder, binary, config })
  return {
    url: server.url,
    version: stdout.trim().replace(/^nats-server: v/, ''),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true })
    },
  }
}
