import type { Ambient } from '@banyan/ambient'
import type { Logger, Metric, Outcome } from '@banyan/runtime'
import { verdictOf } from '../outcomes.js'

/** Names as in Envoy's outlier detection, whose rules these are. */
export interface OutlierPolicy {
  /** Failures in a row that eject an instance. */
  readonly consecutive: number
  /** How often success rates are compared. */
  readonly intervalMs: number
  /** Calls in an interval below which the rate of an instance says nothing. */
  readonly leastCalls: number
  /** Instances with that many calls below which rates are not compared. */
  readonly leastInstances: number
  /** Standard deviations below the mean rate that eject. */
  readonly deviations: number
  /** First ejection; the nth is n times as long. */
  readonly ejectionMs: number
  readonly mostEjectionMs: number
  /** Share of the instances of a module that may be ejected at a time, rounded down; never the last one. */
  readonly mostEjected: number
}

/** Envoy's defaults, but for the share: two or three replicas are common here, and a tenth of them is none. */
export const defaultOutliers: OutlierPolicy = {
  consecutive: 5,
  intervalMs: 10_000,
  leastCalls: 100,
  leastInstances: 5,
  deviations: 1.9,
  ejectionMs: 30_000,
  mostEjectionMs: 300_000,
  mostEjected: 0.5,
}

interface Replica {
  calls: number
  failures: number
  inRow: number
  /** How often it was ejected, less the intervals in which it was well. */
  ejections: number
  ejectedUntil: number
  meanMs: number
  toldAt: number
}

interface Group {
  readonly replicas: Map<string, Replica>
  sweepAt: number
}

export interface ReplicaReport {
  readonly module: string
  readonly instance: string
  readonly ejected: boolean
  readonly backInMs: number
  readonly meanMs: number
}

/**
 * Finds the replicas that fail while the others do not, and leaves them out for a while.
 *
 * I1 Of n instances to choose from at most `mostEjected × n` are left out, and never all.
 * I2 Needs no timer: time passes when it is asked or told. Instances of which nothing was heard for long are forgotten.
 */
export class OutlierDetector {
  readonly #policy: OutlierPolicy
  readonly #ambient: Ambient
  readonly #logger: Logger
  readonly #groups = new Map<string, Group>()

  constructor(policy: OutlierPolicy, { ambient, logger }: { readonly ambient: Ambient; readonly logger: Logger }) {
    this.#policy = policy
    this.#ambient = ambient
    this.#logger = logger
  }

  /** What an instance answered; for a lost answer, `outcome-unknown` or `unavailable`. */
  told(module: string, instance: string, outcome: Outcome, tookMs: number): void {
    const now = this.#ambient.monotonic()
    const group = this.#group(module, now)
    this.#sweep(module, group, now)
    const replica = replicaOf(group, instance)
    const verdict = verdictOf(outcome)
    replica.toldAt = now
    replica.meanMs += (tookMs - replica.meanMs) * 0.1
    if (verdict === 'neither') return
    // Faults inside count here: they are compared with those of the other replicas, which run the same code.
    const failed = verdict === 'failed' || (!outcome.ok && outcome.error.code === 'internal')
    replica.calls++
    if (!failed) {
      replica.inRow = 0
      return
    }
    replica.failures++
    // What was sent before the ejection still comes back.
    if (++replica.inRow >= this.#policy.consecutive && replica.ejectedUntil <= now)
      this.#eject(module, group, instance, now, `${replica.inRow} failures in a row`)
  }

  /** The instance to call, one of those that are well; undefined when all are, and the broker may choose. */
  choose(module: string, instances: readonly string[]): string | undefined {
    const group = this.#groups.get(module)
    if (!group) return undefined
    const now = this.#ambient.monotonic()
    this.#sweep(module, group, now)
    const isOut = (instance: string): boolean => (group.replicas.get(instance)?.ejectedUntil ?? 0) > now
    const out = instances.filter(isOut)
    if (out.length === 0) return undefined
    // I1: the set shrinks when instances leave; who comes back first is taken again.
    const spare = out.length - this.#mostOut(instances.length)
    const untilOf = (instance: string): number => group.replicas.get(instance)?.ejectedUntil ?? 0
    const kept = new Set(out.sort((a, b) => untilOf(a) - untilOf(b)).slice(Math.max(0, spare)))
    if (kept.size === 0) return undefined
    const well = instances.filter((instance) => !kept.has(instance))
    return well[Math.floor(this.#ambient.random() * well.length)]
  }

  report(): readonly ReplicaReport[] {
    const now = this.#ambient.monotonic()
    return [...this.#groups].flatMap(([module, { replicas }]) =>
      [...replicas].map(([instance, { ejectedUntil, meanMs }]) => ({
        module,
        instance,
        ejected: ejectedUntil > now,
        backInMs: Math.max(0, ejectedUntil - now),
        meanMs,
      })),
    )
  }

  leftOut(): readonly { readonly module: string; readonly instance: string; readonly backInMs: number }[] {
    return this.report()
      .filter(({ ejected }) => ejected)
      .map(({ module, instance, backInMs }) => ({ module, instance, backInMs }))
  }

  /** The same for /metrics. Labels are bounded by the replicas that are remembered (I2). */
  metrics(): readonly Metric[] {
    const replicas = this.report()
    if (replicas.length === 0) return []
    const metric = (name: string, help: string, read: (replica: ReplicaReport) => number): Metric => ({
      name: `banyan_replica_${name}`,
      help,
      type: 'gauge',
      samples: replicas.map((one) => ({ labels: { module: one.module, instance: one.instance }, value: read(one) })),
    })
    return [
      metric('ejected', 'Whether a replica is left out by this process', ({ ejected }) => (ejected ? 1 : 0)),
      metric('back_in_ms', 'How long it is left out yet', ({ backInMs }) => backInMs),
      metric('mean_ms', 'How long it takes to answer, lately', ({ meanMs }) => meanMs),
    ]
  }

  #group(module: string, now: number): Group {
    let group = this.#groups.get(module)
    if (!group) {
      group = { replicas: new Map(), sweepAt: now + this.#policy.intervalMs }
      this.#groups.set(module, group)
    }
    return group
  }

  #mostOut(instances: number): number {
    return Math.min(Math.floor(instances * this.#policy.mostEjected), instances - 1)
  }

  #eject(module: string, group: Group, instance: string, now: number, reason: string): void {
    const out = [...group.replicas.values()].filter(({ ejectedUntil }) => ejectedUntil > now).length
    // I1
    if (out + 1 > this.#mostOut(group.replicas.size)) return
    const { ejectionMs, mostEjectionMs } = this.#policy
    const replica = replicaOf(group, instance)
    replica.ejections++
    const forMs = Math.min(mostEjectionMs, ejectionMs * replica.ejections)
    replica.ejectedUntil = now + forMs
    replica.inRow = 0
    this.#logger.warn({ module, instance, forMs }, `a replica of ${module} is left out: ${reason}`)
  }

  /** I2 */
  #sweep(module: string, group: Group, now: number): void {
    if (now < group.sweepAt) return
    group.sweepAt = now + this.#policy.intervalMs
    this.#compareRates(module, group, now)
    for (const [instance, replica] of group.replicas) {
      if (replica.ejectedUntil <= now && replica.failures === 0 && replica.ejections > 0) replica.ejections--
      replica.calls = 0
      replica.failures = 0
      if (now - replica.toldAt > this.#policy.mostEjectionMs * 2) group.replicas.delete(instance)
    }
  }

  #compareRates(module: string, group: Group, now: number): void {
    const { leastCalls, leastInstances, deviations } = this.#policy
    const rated = [...group.replicas].filter(([, { calls }]) => calls >= leastCalls)
    if (rated.length < leastInstances) return
    const rates = rated.map(([, { calls, failures }]) => 1 - failures / calls)
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length)
    const least = mean - deviations * deviation
    for (const [index, [instance, { ejectedUntil }]] of rated.entries())
      if ((rates[index] as number) < least && ejectedUntil <= now)
        this.#eject(module, group, instance, now, 'it fails more often than the others')
  }
}

function replicaOf({ replicas }: Group, instance: string): Replica {
  let replica = replicas.get(instance)
  if (!replica) {
    replica = { calls: 0, failures: 0, inRow: 0, ejections: 0, ejectedUntil: 0, meanMs: 0, toldAt: 0 }
    replicas.set(instance, replica)
  }
  return replica
}
