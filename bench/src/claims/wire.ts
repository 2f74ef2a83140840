import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import { verdict } from '../harness/targets.js'
import type { Row, Target } from '../harness/types.js'
import { startNats } from '../support/nats.js'
import { startWire, type WireProcesses } from '../wire/processes.js'
import { frameworks, wires } from '../wire/systems.js'

async function open(): Promise<OpenClaim> {
  const nats = await startNats()
  const started: WireProcesses[] = []
  const close = async (): Promise<void> => {
    for (const one of started) one.stop()
    await nats.stop()
  }
  try {
    for (const wire of wires) started.push(await startWire(wire, nats.url))
  } catch (error) {
    await close()
    throw error
  }
  return { versions: { 'nats-server': nats.version }, measure: (run) => measure(run, started), close }
}

/** Before the first round: with one call in flight a system would still be cold when the last round ends. */
const warmUp = { concurrency: 64, ms: 1_500 }

async function measure(run: Run, started: readonly WireProcesses[]): Promise<void> {
  for (const one of started) await one.measure(warmUp)
  for (const concurrency of [1, 16, 128]) {
    const ahead = Object.values(frameworks).map((of): Target => ({ kind: 'ahead', of }))
    const { rows } = await run.compare({
      title: `A call of another process, ${concurrency} in flight`,
      unit: 'calls/s',
      better: 'higher',
      turnMs: 400,
      warmUps: 1,
      alternatives: wires.map(({ name, role }, index) => ({
        name,
        role,
        measure: (ms) => (started[index] as WireProcesses).measure({ concurrency, ms }),
      })),
      targets: concurrency === 1 ? [] : ahead,
    })
    if (concurrency === 128) observeSlowest(run, rows)
  }
}

/** The slowest of a hundred calls, beside that of the framework that is best in it. */
function observeSlowest(run: Run, rows: readonly Row[]): void {
  const p99Of = ({ details }: Row): number => details['p99 ms'] as number
  const ours = rows.filter(({ role }) => role === 'ours').map(p99Of)[0] as number
  const others = rows.filter(({ name }) => (Object.values(frameworks) as string[]).includes(name))
  const best = Math.min(...others.map(p99Of))
  const [value, target] = [`${formatNumber(ours)} ms`, `≤ ${formatNumber(best)} ms, the best of the frameworks`]
  const missedBy = `${formatNumber(ours - best)} ms`
  run.observe({ what: 'p99 at 128 in flight', value, verdict: verdict(target, ours <= best, value, missedBy) })
}

await runClaim(
  {
    name: 'wire',
    says: 'a validated call of another process is ahead of every framework from 16 in flight on',
    packages: ['@grpc/grpc-js', '@nestjs/microservices', '@trpc/server', 'fastify', 'moleculer', 'nats', 'undici'],
    notes: [
      'An order of three lines is sent (about 230 bytes as JSON) and its quote comes back (about 420). Caller and callee are',
      'processes of their own, on loopback; of all systems only one works at a time. One NATS server for all that use one.',
      'Moleculer, tRPC (zod) and Fastify (ajv) validate the order by their own validators; NestJS, gRPC and the NATS',
      'client have none, and ajv, compiled, does it in the handler, which is less work. Raw frames validate nothing.',
      'Banyan: a query, called from inside a handler; input and output are checked. CPU of the broker is not counted.',
    ],
  },
  open,
)
