import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { answer } from '../support/answer.js'
import type { LoadOrder, LoadReport } from './load-process.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface ServerProcess {
  readonly port: number
  /** Processor time that it used up to now, microseconds. */
  processorTime(): Promise<number>
  stop(): void
}

export async function startServerProcess(kind: string): Promise<ServerProcess> {
  const child = fork(file('server-process.js'), [kind], { env: { ...process.env, NODE_ENV: 'production' } })
  const { port } = await answer<{ port: number }>(child)
  return {
    port,
    processorTime() {
      child.send('processor time')
      return answer<number>(child)
    },
    stop: () => void child.kill(),
  }
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
