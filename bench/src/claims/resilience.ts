import { createAmbient } from '@banyan/ambient'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative } from '../harness/types.js'
import { perCall } from '../resilience/measure.js'
import { type OpenWay, ways } from '../resilience/ways.js'

const bare = 'bare call through the placement'

async function open(): Promise<OpenClaim> {
  const ambient = createAmbient()
  const opened = ways(ambient)
  return { measure: (run) => measure(run, opened), close: async () => undefined }
}

async function measure(run: Run, opened: readonly OpenWay[]): Promise<void> {
  const result = await run.compare({
    title: 'A call to which nothing happens, with timeout, retry, breaker and bulkhead',
    unit: 'ns/call',
    better: 'lower',
    turnMs: 200,
    warmUps: 6,
    alternatives: opened.map(
      ({ name, role, call }): Alternative => ({ name, role, measure: (ms) => perCall(call, ms) }),
    ),
    targets: [{ kind: 'ahead', of: 'cockatiel, the four policies together' }],
  })
  const ours = result.rows.find(({ role }) => role === 'ours')
  const limit = result.rows.find(({ name }) => name === bare)
  if (!ours || !limit) return
  const added = ours.values.map((value, round) => value - (limit.values[round] as number)).sort((a, b) => a - b)
  const median = added[added.length >> 1] as number
  run.observe({
    what: 'what the policies add to a call, median of the rounds',
    value: `${Math.round(median)} ns`,
    verdict: {
      target: '≤ 700 ns',
      met: median <= 700,
      result:
        median <= 700
          ? `met: ${Math.round(median)} ns`
          : `MISSED by ${Math.round(median - 700)} ns: ${Math.round(median)} ns`,
    },
  })
}

await runClaim(
  {
    name: 'resilience',
    says: 'timeout, retry, breaker and bulkhead together add at most 0.7 µs to a call to which nothing happens',
    packages: ['cockatiel', 'opossum'],
    notes: [
      'All ways call the same function, which gives a price after one turn of the queue, as any callee does. Calls are made one',
      'after the other. Ours delivers through the placement seam, and keeps a copy of the input of three lines for a repetition;',
      'the others keep nothing and are given a closure. opossum has timeout, breaker and bulkhead, and no retry.',
    ],
  },
  open,
)
