import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadOrder, LoadReport } from './load-process.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The next message of a child; rejects when it ends instead. */
async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code}`)
  })
  const message = once(child, 'message', { signal: ended.signal }).then(([given]) => given as T)
  try {
    return await Promise.race([message, exit])
  } finally {
    ended.abort()
    await Promise.allSettled([exit, message])
  }
}

export interface ServerProcess {
  readonly port: number
  stop(): void
}

export async function startServerProcess(kind: string): Promise<ServerProcess> {
  const child = fork(file('server-process.js'), [kind], { env: { ...process.env, NODE_ENV: 'production' } })
  const { port } = await answer<{ port: number }>(child)
  return { port, stop: () => void child.kill() }
}

export interface LoadProcess {
  run(order: LoadOrder): Promise<LoadReport>
  stop(): void
}

export function startLoadProcess(): LoadProcess {
  const child = fork(file('load-process.js'))
  return {
    run(order) {
      child.send(order)
      return answer<LoadReport>(child)
    },
    stop: () => void child.kill(),
  }
}
