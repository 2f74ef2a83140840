import type { Runtime } from '@banyan/runtime'
import { formatNumber } from '../harness/format.js'
import type { Run } from '../harness/run.js'
import { verdict } from '../harness/targets.js'
import { lagOf, publishers, sell } from './banyan.js'
import { eventsPerCommit } from './modules.js'

/** How far a subscription may be behind before its publisher is shed: the default of the runtime. */
const maximumLag = 100_000
const longestMs = 60_000
const commitsAfter = 200

/** Publishes to subscribers that cannot keep up until the publisher is refused, and goes on a little. */
export async function observeShedding(run: Run, runtime: Runtime): Promise<void> {
  const begunAt = performance.now()
  let published = 0
  let refused = 0
  let firstRefusalMs: number | undefined
  let retryAfterMs: unknown
  let longest = 0
  const publisher = async (): Promise<void> => {
    for (let after = 0; after < commitsAfter && performance.now() - begunAt < longestMs; ) {
      const outcome = await sell(runtime, published)
      longest = Math.max(longest, lagOf(runtime))
      if (firstRefusalMs !== undefined) after++
      if (outcome.ok) published += eventsPerCommit
      else if (outcome.error.code === 'overloaded') {
        firstRefusalMs ??= performance.now() - begunAt
        retryAfterMs ??= (outcome.error.details as { retryAfterMs?: number } | undefined)?.retryAfterMs
        refused++
      } else throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
    }
  }
  await Promise.all(Array.from({ length: publishers }, publisher))
  const first = firstRefusalMs === undefined ? 'never' : `after ${formatNumber(firstRefusalMs)} ms`
  const allowed = maximumLag + publishers * eventsPerCommit
  run.print('')
  run.observe({
    what: 'publishing to subscribers made slow (20 ms per event)',
    value: `refused with \`overloaded\` (retry after ${String(retryAfterMs)} ms) ${first}, when ${formatNumber(published)} events were published; ${refused} of the next ${publishers * commitsAfter} commits refused`,
    verdict: verdict(
      `lag ≤ ${formatNumber(allowed)} events`,
      firstRefusalMs !== undefined && longest <= allowed,
      `${formatNumber(longest)} events`,
      `${formatNumber(longest - allowed)} events`,
    ),
  })
}
