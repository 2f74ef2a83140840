import type { Ambient } from '@banyan/ambient'
import type { Metric } from '../lifecycle/types.js'
import type { HostedModule } from './hosted-module.js'

/** Counts of one operation, by result. The codes are those of the contract and of the catalogue, so they are bounded. */
interface OperationCounts {
  readonly module: string
  readonly operation: string
  readonly results: Map<string, number>
  sumMs: number
  timed: number
}

/**
 * Counts calls for /metrics. Only calls from outside are timed: two clock readings would be a tenth of what a call
 * between modules of one process costs.
 */
export class DispatchMetrics {
  readonly #ambient: Ambient
  readonly #counts = new Map<object, OperationCounts>()

  constructor(ambient: Ambient) {
    this.#ambient = ambient
  }

  begin(): number {
    return this.#ambient.monotonic()
  }

  /** @param operation identity of the hosted operation */
  end(operation: object, module: string, name: string, result: string, begunAt: number | undefined): void {
    let counts = this.#counts.get(operation)
    if (!counts) {
      counts = { module, operation: name, results: new Map(), sumMs: 0, timed: 0 }
      this.#counts.set(operation, counts)
    }
    counts.results.set(result, (counts.results.get(result) ?? 0) + 1)
    if (begunAt === undefined) return
    counts.sumMs += this.#ambient.monotonic() - begunAt
    counts.timed++
  }

  collect(modules: Iterable<HostedModule>): Metric[] {
    const all = [...this.#counts.values()]
    const list = [...modules]
    return [
      {
        name: 'banyan_calls_total',
        help: 'Calls that ended, by operation and result',
        type: 'counter',
        samples: all.flatMap(({ module, operation, results }) =>
          [...results].map(([result, value]) => ({ labels: { module, operation, result }, value })),
        ),
      },
      {
        name: 'banyan_call_seconds_sum',
        help: 'Time spent in calls from outside, seconds',
        type: 'counter',
        samples: all.map(({ module, operation, sumMs }) => ({ labels: { module, operation }, value: sumMs / 1000 })),
      },
      {
        name: 'banyan_call_seconds_count',
        help: 'Calls from outside',
        type: 'counter',
        samples: all.map(({ module, operation, timed }) => ({ labels: { module, operation }, value: timed })),
      },
      {
        name: 'banyan_module_running',
        help: 'Calls that run now',
        type: 'gauge',
        samples: list.map((module) => ({ labels: { module: module.name }, value: module.limiter.running })),
      },
      {
        name: 'banyan_module_queued',
        help: 'Calls that wait for a place',
        type: 'gauge',
        samples: list.map((module) => ({ labels: { module: module.name }, value: module.limiter.queued })),
      },
    ]
  }
}
