import type { Metric } from '@banyan/runtime'
import type { BreakerState } from '../parts/breaker.js'
import type { EdgeCounts } from './counts.js'
import type { Edge } from './edge.js'

/** The state of one edge, for people and `banyan services`. */
export interface EdgeReport {
  readonly caller: string
  readonly module: string
  /** Absent: the edge has none. */
  readonly breaker?: { readonly state: BreakerState; readonly retryAfterMs: number }
  readonly bulkhead?: { readonly running: number; readonly queued: number }
  /** Repetitions that it may make now. */
  readonly budgetLeft?: number
  readonly counts: Readonly<EdgeCounts>
}

export function reportOf({ caller, module, breaker, bulkhead, budget, counts }: Edge, now: number): EdgeReport {
  return {
    caller,
    module,
    ...(breaker ? { breaker: { state: breaker.state, retryAfterMs: breaker.retryAfterMs(now) } } : {}),
    ...(bulkhead ? { bulkhead: { running: bulkhead.running, queued: bulkhead.queued } } : {}),
    ...(budget ? { budgetLeft: Math.floor(budget.left(now)) } : {}),
    counts: { ...counts },
  }
}

type Reading = (report: EdgeReport) => Readonly<Record<string, number>>

const breakerStates: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 }

/** The same for /metrics. Labels are bounded by the modules of the app. */
export function edgeMetrics(reports: readonly EdgeReport[]): Metric[] {
  const metric = (name: string, help: string, type: Metric['type'], label: string, read: Reading): Metric => ({
    name,
    help,
    type,
    samples: reports.flatMap((report) =>
      Object.entries(read(report)).map(([key, value]) => ({
        labels: { caller: report.caller, module: report.module, ...(key === '' ? {} : { [label]: key }) },
        value,
      })),
    ),
  })
  return [
    metric(
      'banyan_edge_calls_total',
      'Calls over an edge with a policy, by result',
      'counter',
      'result',
      ({ counts }) => ({
        answered: counts.answered,
        failed: counts.failed,
      }),
    ),
    metric('banyan_edge_attempts_total', 'Attempts beside the first', 'counter', 'kind', ({ counts }) => ({
      retry: counts.retries,
      hedge: counts.hedges,
    })),
    metric('banyan_edge_events_total', 'What policies did', 'counter', 'event', ({ counts }) => ({
      timeout: counts.timeouts,
      'hedge-won': counts.hedgesWon,
      fallback: counts.fallbacks,
      'breaker-opened': counts.opened,
      'refused-by-breaker': counts.refusedByBreaker,
      'refused-by-bulkhead': counts.refusedByBulkhead,
      'refused-by-budget': counts.retriesRefused,
    })),
    metric('banyan_edge_breaker_state', '0 closed, 1 half-open, 2 open', 'gauge', '', ({ breaker }) =>
      breaker ? { '': breakerStates[breaker.state] } : {},
    ),
    metric('banyan_edge_places', 'Attempts that run and calls that wait', 'gauge', 'state', ({ bulkhead }) =>
      bulkhead ? { running: bulkhead.running, queued: bulkhead.queued } : {},
    ),
  ].filter(({ samples }) => samples.length > 0)
}
