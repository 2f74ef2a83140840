import type { Topology } from '@banyan/placement'
import { table } from '../output.js'
import { crashLoopFailures } from './backoff.js'
import type { ReplicaStatus } from './replica.js'

/** A state in words: `ready for 12 s`, `restarting in 0.4 s (crash loop: 6 failures, last exit code 1)`. */
export function stateText({ state, readyMs, againInMs, failures, lastEnding }: ReplicaStatus): string {
  if (state === 'ready' && readyMs !== undefined) return `ready for ${durationText(readyMs)}`
  if (state !== 'restarting') return state
  const loop = failures >= crashLoopFailures ? `crash loop: ${failures} failures, last ` : ''
  return `restarting in ${durationText(againInMs ?? 0)} (${loop}${lastEnding})`
}

/** `0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** The table of everything that runs, with the modules of each service. */
export function statusTable(all: readonly ReplicaStatus[], topology: Topology): string {
  const rows = all.map((status) => {
    const plan = topology.services.find(({ name }) => name === status.service)
    return [
      `${status.service}/${status.replica}`,
      stateText(status),
      status.pid === undefined ? '-' : String(status.pid),
      String(status.restarts),
      status.url ?? (plan?.gateway ? 'the HTTP gateway' : (plan?.modules.join(', ') ?? '')),
    ]
  })
  return table([['REPLICA', 'STATE', 'PROCESS', 'RESTARTS', 'RUNS'], ...rows])
}
