import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CallOrder } from '../call/system-process.js'
import { moleculer, type NamedSystem, systems } from '../call/systems.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative, Measurement } from '../harness/types.js'
import { answer } from '../support/answer.js'

interface SystemProcess extends NamedSystem {
  readonly child: ChildProcess
}

const file = fileURLToPath(new URL('../call/system-process.js', import.meta.url))

function alternative({ name, role, child }: SystemProcess, kind: CallOrder['kind']): Alternative {
  return {
    name,
    role,
    measure(ms) {
      child.send({ kind, ms } satisfies CallOrder)
      return answer<Measurement>(child)
    },
  }
}

async function open(): Promise<OpenClaim> {
  const started: SystemProcess[] = []
  for (const each of systems) {
    const child = fork(file, [each.name], { env: { ...process.env, NODE_ENV: 'production' } })
    await answer(child)
    started.push({ ...each, child })
  }
  return {
    measure: (run) => measure(run, started),
    async close() {
      for (const { child } of started) child.kill()
    },
  }
}

async function measure(run: Run, started: readonly SystemProcess[]): Promise<void> {
  for (const kind of ['queries', 'commands'] as const) {
    await run.compare({
      title: kind === 'queries' ? 'A query of another module' : 'A command of another module',
      unit: 'CPU ns/call',
      better: 'lower',
      turnMs: 200,
      warmUps: 4,
      alternatives: started.map((each) => alternative(each, kind)),
      targets: [
        { kind: 'at-most', value: 600 },
        { kind: 'ahead', of: moleculer },
      ],
    })
  }
}

await runClaim(
  {
    name: 'call',
    says: 'a typed call between two modules of one process, validated and copied, takes at most 600 ns',
    packages: ['moleculer', '@nestjs/cqrs', '@nestjs/core', '@trpc/server', 'zod'],
    notes: [
      'Calls are made one after the other from inside a handler; the input is an order with three lines. Each system has a',
      'process of its own; only one of them works at a time.',
      'Banyan validates and copies input and output. Moleculer and NestJS validate the input only and copy nothing;',
      'tRPC with zod validates and copies the input only. What counts is processor time, the garbage collector on its own',
      'threads included: on a quiet machine it is a little more than the time on the clock, on a busy one it stays true.',
    ],
  },
  open,
)
