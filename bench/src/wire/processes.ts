import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measurement } from '../harness/types.js'
import { answer } from '../support/answer.js'
import type { WireOrder } from './system-process.js'
import type { NamedWire } from './types.js'

const file = fileURLToPath(new URL('./system-process.js', import.meta.url))

export interface WireProcesses {
  measure(order: WireOrder): Promise<Measurement>
  stop(): void
}

/** Both ends of a system, each a process of its own. */
export async function startWire({ file: module, system }: NamedWire, natsUrl: string): Promise<WireProcesses> {
  const started: ChildProcess[] = []
  const start = async (end: string, ...args: string[]): Promise<[ChildProcess, string]> => {
    const child = fork(file, [end, module, system, natsUrl, ...args], {
      env: { ...process.env, NODE_ENV: 'production' },
    })
    started.push(child)
    return [child, await answer<string>(child)]
  }
  const stop = (): void => {
    for (const child of started) child.kill()
  }
  try {
    const [callee, address] = await start('answer')
    const [caller] = await start('call', address)
    return { measure: (order) => measure(callee, caller, order), stop }
  } catch (error) {
    stop()
    throw error
  }
}

async function measure(callee: ChildProcess, caller: ChildProcess, order: WireOrder): Promise<Measurement> {
  const before = await processorTime(callee)
  const begunAt = performance.now()
  caller.send(order)
  const { value, details = {} } = await answer<Measurement>(caller)
  const seconds = (performance.now() - begunAt) / 1_000
  const used = (await processorTime(callee)) - before
  const { 'p50 ms': p50, 'p99 ms': p99, 'Node CPU µs': calling } = details as Record<string, number>
  return {
    value,
    details: {
      'p50 ms': p50 as number,
      'p99 ms': p99 as number,
      'caller CPU µs': calling as number,
      'callee CPU µs': used / (value * seconds),
    },
  }
}

function processorTime(callee: ChildProcess): Promise<number> {
  callee.send('processor time')
  return answer<number>(callee)
}
