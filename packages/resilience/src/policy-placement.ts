import type { Ambient } from '@banyan/ambient'
import type { AnyContract } from '@banyan/contract'
import type {
  CallScope,
  EdgeHealth,
  Envelope,
  Logger,
  MeasuredPlacement,
  Metric,
  Placement,
  Receiver,
} from '@banyan/runtime'
import { Edge, type EdgeHost } from './edge/edge.js'
import { Fallbacks } from './edge/fallbacks.js'
import { type EdgeReport, edgeMetrics, reportOf } from './edge/report.js'
import { type EdgePolicies, outside, policyOf } from './policies.js'

/** A placement that applies policies to the calls that pass. */
export interface PolicyPlacement extends Placement {
  /** The edges with a policy over which something was called. */
  report(): readonly EdgeReport[]
  /** Those of what it was put around included. */
  metrics(): readonly Metric[]
  edges(): readonly EdgeHealth[]
}

export interface PolicyOptions {
  readonly ambient: Ambient
  readonly logger: Logger
  /** Of the modules of the app, by name: a fallback answers as they promise. */
  readonly contracts: ReadonlyMap<string, AnyContract>
}

/**
 * Puts policies around what delivers calls. An edge without a policy costs a look-up; a module that calls itself makes no
 * edge.
 */
export function withPolicies(
  placement: MeasuredPlacement,
  policies: EdgePolicies,
  options: PolicyOptions,
): PolicyPlacement {
  return new Policies(placement, policies, options)
}

/** I1 Edges are made between the modules of the app only, so they are bounded. */
class Policies implements PolicyPlacement {
  readonly #placement: MeasuredPlacement
  readonly #policies: EdgePolicies
  readonly #contracts: ReadonlyMap<string, AnyContract>
  readonly #host: EdgeHost
  /** By caller, then module; null: no policy. */
  readonly #edges = new Map<string, Map<string, Edge | null>>()

  constructor(placement: MeasuredPlacement, policies: EdgePolicies, { ambient, logger, contracts }: PolicyOptions) {
    this.#placement = placement
    this.#policies = policies
    this.#contracts = contracts
    this.#host = { ambient, logger, placement, fallbacks: new Fallbacks(contracts, logger) }
  }

  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const { caller = outside, module } = envelope
    const known = this.#edges.get(caller)?.get(module)
    const edge = known === undefined ? this.#make(caller, module) : known
    return edge ? edge.deliver(envelope, scope, receiver) : this.#placement.deliver(envelope, scope, receiver)
  }

  #make(caller: string, module: string): Edge | null {
    // I1
    if (!this.#contracts.has(module) || (caller !== outside && !this.#contracts.has(caller))) return null
    const policy = caller === module ? undefined : policyOf(this.#policies, caller, module)
    const edge = policy ? new Edge(caller, module, policy, this.#host) : null
    const edges = this.#edges.get(caller) ?? new Map<string, Edge | null>()
    edges.set(module, edge)
    this.#edges.set(caller, edges)
    return edge
  }

  report(): readonly EdgeReport[] {
    return this.#made().map((edge) => reportOf(edge, this.#host.ambient.monotonic()))
  }

  edges(): readonly EdgeHealth[] {
    return this.report().map(({ caller, module, breaker, counts: { answered, failed, retries } }) => ({
      caller,
      module,
      ...(breaker ? { breaker: breaker.state } : {}),
      answered,
      failed,
      retries,
    }))
  }

  metrics(): readonly Metric[] {
    return [...edgeMetrics(this.report()), ...(this.#placement.metrics?.() ?? [])]
  }

  #made(): Edge[] {
    return [...this.#edges.values()].flatMap((edges) => [...edges.values()]).filter((edge) => edge !== null)
  }
}
