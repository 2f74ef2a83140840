import { path } from '../gateway/contract.js'
import { type ServerProcess, startLoadProcess, startServerProcess } from '../gateway/processes.js'
import { type OpenClaim, runClaim } from '../harness/run.js'
import type { Role } from '../harness/types.js'
import { sampleOrders } from '../support/order.js'

const fastify = 'Fastify, ajv and response schema'

const kinds: readonly { kind: string; name: string; role: Role }[] = [
  { kind: 'banyan', name: 'Banyan', role: 'ours' },
  { kind: 'fastify', name: fastify, role: 'peer' },
  { kind: 'raw', name: 'node:http, nothing validated', role: 'limit' },
]

async function open(): Promise<OpenClaim> {
  const started: ServerProcess[] = []
  for (const { kind } of kinds) started.push(await startServerProcess(kind))
  const load = startLoadProcess()
  const body = JSON.stringify(sampleOrders(1)[0])
  return {
    async measure(run) {
      await run.compare({
        title: 'POST of an order, 64 connections',
        unit: 'requests/s',
        better: 'higher',
        turnMs: 1_000,
        warmUps: 4,
        alternatives: kinds.map(({ name, role }, index) => ({
          name,
          role,
          async measure(ms) {
            const server = started[index] as ServerProcess
            const before = await server.processorTime()
            const report = await load.run({ port: server.port, path, body, connections: 64, ms })
            const used = (await server.processorTime()) - before
            return {
              value: report.perSecond,
              details: {
                'p50 ms': report.p50Ms,
                'p99 ms': report.p99Ms,
                'CPU µs/request': used / report.requests,
                'load waits': report.waitingShare,
              },
            }
          },
        })),
        targets: [{ kind: 'share', of: fastify, atLeast: 0.85 }],
      })
    },
    async close() {
      load.stop()
      for (const one of started) one.stop()
    },
  }
}

await runClaim(
  {
    name: 'gateway',
    says: 'the gateway serves at least 85 % of what plain Fastify serves with the same work',
    packages: ['fastify'],
    notes: [
      'Each server is a process of its own, the load another one, on loopback with keep-alive and no pipelining.',
      'An order is posted, validated and priced, the answer written by a compiled serializer. Beyond that Banyan limits',
      'requests in flight, reads trace context and correlation, sends three more headers, counts, keeps a deadline, copies',
      'what crosses the contract, and calls the module through the runtime.',
      'The load never sleeps, so that no server pays for waking it. `load waits` is the share of its looks that found no',
      'answer: near 0, it was the limit.',
    ],
  },
  open,
)
