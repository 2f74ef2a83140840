/** What is done about calls of one edge (`orders -> inventory`). A part that is absent is not said; `false` switches it off. */
export interface EdgePolicy {
  /** How long one attempt may take, milliseconds; never more than the caller has left (P7). */
  readonly timeoutMs?: number | false
  readonly retry?: RetryPolicy | false
  readonly breaker?: BreakerPolicy | false
  readonly bulkhead?: BulkheadPolicy | false
  readonly hedge?: HedgePolicy | false
  /** By query: what is answered instead when the call fails for want of the callee. A value, or a function. */
  readonly fallback?: Readonly<Record<string, unknown>> | false
}

export interface RetryPolicy {
  /** The first one included. */
  readonly attempts: number
  /** Wait before the first repetition, at most; doubling. */
  readonly baseMs: number
  readonly capMs: number
  readonly budget: BudgetPolicy
}

/** How many repetitions and hedges an edge may make, so that they never become the load that keeps a callee down. */
export interface BudgetPolicy {
  /** Repetitions per call, for example 0.2. */
  readonly ratio: number
  /** Allowed besides, so that an edge with few calls can repeat them. */
  readonly perSecond: number
}

export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly failures: number
  /** Share of failures over the window that opens it as well. Absent: only failures in a row count. */
  readonly ratio?: { readonly share: number; readonly windowMs: number; readonly leastCalls: number }
  /** How long it refuses before it probes. */
  readonly openForMs: number
  /** Calls let through at a time while it probes, and successes that close it. */
  readonly probes: number
}

export interface BulkheadPolicy {
  /** Attempts under way at a time. */
  readonly concurrency: number
  /** Calls that wait for a place; the next one is `overloaded` at once. */
  readonly queue: number
}

export interface HedgePolicy {
  /** When a query is asked a second time: milliseconds, or when 95 of 100 answers are there. */
  readonly after: number | 'p95'
}

/** Answers a query in the place of its callee; what it gives must fit the contract. */
export type Fallback = (input: unknown, error: { readonly code: string; readonly message: string }) => unknown

export interface EdgePolicies {
  /** By `caller -> module`, where each side may be `*`; `*` alone is every edge. */
  readonly edges: Readonly<Record<string, EdgePolicy>>
  /** What holds for calls of these modules in all that `edges` does not say. */
  readonly defaults?: { readonly modules: ReadonlySet<string>; readonly policy: EdgePolicy }
}

/** The caller of a call from outside the modules: the gateway, host code, a test, the command line. */
export const outside = 'outside'

export const defaultBudget: BudgetPolicy = { ratio: 0.2, perSecond: 10 }
export const defaultRetry: RetryPolicy = { attempts: 3, baseMs: 25, capMs: 1_000, budget: defaultBudget }
export const defaultBreaker: BreakerPolicy = { failures: 5, openForMs: 5_000, probes: 1 }

/**
 * For edges that leave the process, where the configuration says nothing. No timeout: the caller's deadline is one. The
 * breaker opens only when no replica answered for twenty calls in a row, and looks again after a second, so that it saves
 * work and never lengthens an outage noticeably.
 */
export const betweenProcesses: EdgePolicy = {
  retry: defaultRetry,
  breaker: { failures: 20, openForMs: 1_000, probes: 1 },
  bulkhead: { concurrency: 1_000, queue: 0 },
}

type Resolved = { -readonly [Part in keyof EdgePolicy]?: Exclude<EdgePolicy[Part], false> }
export type ResolvedPolicy = Readonly<Resolved>

const parts = ['timeoutMs', 'retry', 'breaker', 'bulkhead', 'hedge', 'fallback'] as const

/**
 * The policy of an edge: each part from the most specific entry that says it. `a -> b`, then `* -> b` (what a callee needs is
 * known best by what it is), then `a -> *`, then `*`, then the defaults. Undefined where nothing is said.
 */
export function policyOf(policies: EdgePolicies, caller: string, module: string): ResolvedPolicy | undefined {
  const { edges, defaults } = policies
  const said = [edges[`${caller} -> ${module}`], edges[`* -> ${module}`], edges[`${caller} -> *`], edges['*']]
  if (defaults?.modules.has(module)) said.push(defaults.policy)
  const resolved: Resolved = {}
  for (const part of parts) {
    const value = said.find((policy) => policy?.[part] !== undefined)?.[part]
    if (value !== undefined && value !== false) Object.assign(resolved, { [part]: value })
  }
  return Object.keys(resolved).length > 0 ? resolved : undefined
}
