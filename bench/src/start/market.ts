import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { attachEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { memoryOf, type ProcessMemory, parentOf, processTree } from './processes.js'

const marketFolder = fileURLToPath(new URL('../../../examples/market', import.meta.url))
const startMs = 60_000

/** The shop of examples/market in a process of its own, as `npm start -- --quiet` runs it after the build. */
export interface RunningMarket {
  /** From the start of the process to the first 200 of /readyz, milliseconds. */
  readonly readyAfterMs: number
  readonly url: string
  memory(): Promise<ProcessMemory[]>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function startMarket(dataFolder: string): Promise<RunningMarket> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { DATABASE_URL: _, ...environment } = process.env
  const begunAt = performance.now()
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--import', '@oxc-node/core/register', 'demo/start.ts', '--quiet'],
    {
      cwd: marketFolder,
      env: { ...environment, PORT: String(port), BANYAN_DATA: dataFolder },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  await ready(child, url)
  const readyAfterMs = performance.now() - begunAt
  return {
    readyAfterMs,
    url,
    memory: async () => {
      const ids = new Set([...processTree(child.pid as number), ...processTree(await postmaster(dataFolder))])
      return [...ids].flatMap((id) => memoryOf(id) ?? [])
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const until = performance.now() + startMs
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`The market ended with ${child.exitCode}`)
    const response = await fetch(`${url}/readyz`).catch(() => undefined)
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  child.kill('SIGKILL')
  throw new Error(`The market was not ready within ${startMs / 1_000} s`)
}

/** The server is no child of the shop, so that it outlives a shop that is killed; its backends are children of it. */
async function postmaster(dataFolder: string): Promise<number> {
  const connection = attachEmbedded(dataFolder)
  if (!connection) throw new Error(`No server runs in ${dataFolder}`)
  const client = new pg.Client({ ...connection })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: number }>('select pg_backend_pid() as id')
    return parentOf(rows[0]?.id as number) as number
  } finally {
    await client.end()
  }
}
