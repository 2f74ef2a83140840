import type { Metric } from '@banyan/runtime'

/** Upper bounds of the duration buckets, seconds: those that Prometheus' own clients use, and 25 ms parted finer. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** The figures of one method of one route. */
export interface RouteMetrics {
  /** `GET /stock/{sku}`. */
  readonly name: string
  readonly observe: (status: number, durationMs: number) => void
}

/** Requests by route. Labels are bounded: routes come from contracts, everything else is `unmatched`. */
export interface HttpMetrics {
  route(method: string, path: string): RouteMetrics
  snapshot(inFlight: number): readonly Metric[]
}

interface Series extends RouteMetrics {
  readonly labels: Readonly<Record<string, string>>
  readonly statuses: Map<number, number>
  readonly buckets: readonly number[]
  seconds(): number
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function createHttpMetrics(): HttpMetrics {
  const all = new Map<string, Series>()
  return {
    route(method, path) {
      const label = knownMethods.has(method) ? method : 'other'
      const key = `${label} ${path}`
      const existing = all.get(key)
      if (existing !== undefined) return existing
      const series = createSeries(label, path)
      all.set(key, series)
      return series
    },
    snapshot: (inFlight) => snapshot([...all.values()], inFlight),
  }
}

function createSeries(method: string, route: string): Series {
  const statuses = new Map<number, number>()
  const buckets = bounds.map(() => 0)
  let total = 0
  return {
    name: `${method} ${route}`,
    labels: { method, route },
    statuses,
    buckets,
    seconds: () => total,
    observe(status, durationMs) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const seconds = durationMs / 1000
      total += seconds
      for (let index = 0; index < bounds.length; index++) {
        if (seconds <= (bounds[index] as number)) {
          buckets[index] = (buckets[index] as number) + 1
          return
        }
      }
    },
  }
}

function snapshot(all: readonly Series[], inFlight: number): readonly Metric[] {
  return [
    {
      name: 'banyan_http_requests_in_flight',
      help: 'HTTP requests that are being handled',
      type: 'gauge',
      samples: [{ labels: {}, value: inFlight }],
    },
    {
      name: 'banyan_http_requests_total',
      help: 'HTTP requests that ended, by route and status; 499: the client gave up',
      type: 'counter',
      samples: all.flatMap(({ labels, statuses }) =>
        [...statuses].map(([status, value]) => ({ labels: { ...labels, status: String(status) }, value })),
      ),
    },
    {
      name: 'banyan_http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its response',
      type: 'histogram',
      samples: all.flatMap(histogram),
    },
  ]
}

function histogram({ labels, statuses, buckets, seconds }: Series): Metric['samples'] {
  let below = 0
  const samples = bounds.map((bound, index) => {
    below += buckets[index] as number
    return { labels: { ...labels, le: String(bound) }, value: below, suffix: '_bucket' }
  })
  const count = [...statuses.values()].reduce((sum, value) => sum + value, 0)
  return [
    ...samples,
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value: seconds(), suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ]
}
