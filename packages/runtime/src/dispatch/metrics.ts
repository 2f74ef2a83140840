import type { Metric } from '../lifecycle/types.js'
import type { HostedModule } from './hosted-module.js'

type Sample = Metric['samples'][number]

/** What dispatching counted, for /metrics. */
export function dispatchMetrics(modules: Iterable<HostedModule>): Metric[] {
  const total: Sample[] = []
  const seconds: Sample[] = []
  const timed: Sample[] = []
  const running: Sample[] = []
  const queued: Sample[] = []
  for (const { name: module, operations, limiter } of modules) {
    running.push({ labels: { module }, value: limiter.running })
    queued.push({ labels: { module }, value: limiter.queued })
    for (const [operation, { counts }] of operations) {
      const labels = { module, operation }
      if (counts.ok > 0) total.push({ labels: { ...labels, result: 'ok' }, value: counts.ok })
      for (const [result, value] of counts.failed) total.push({ labels: { ...labels, result }, value })
      if (counts.timed === 0) continue
      seconds.push({ labels, value: counts.sumMs / 1000 })
      timed.push({ labels, value: counts.timed })
    }
  }
  const metric = (name: string, help: string, type: Metric['type'], samples: readonly Sample[]): Metric => ({
    name,
    help,
    type,
    samples,
  })
  return [
    metric('banyan_calls_total', 'Calls that ended, by operation and result', 'counter', total),
    metric('banyan_call_seconds_sum', 'Time spent in calls from outside, seconds', 'counter', seconds),
    metric('banyan_call_seconds_count', 'Calls from outside', 'counter', timed),
    metric('banyan_module_running', 'Calls that run now', 'gauge', running),
    metric('banyan_module_queued', 'Calls that wait for a place', 'gauge', queued),
  ]
}
