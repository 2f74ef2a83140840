import type { Ambient } from '@banyan/ambient'
import { type App, type Duration, modulesOf, parseDuration } from '@banyan/module'
import {
  type BreakerPolicy,
  type BulkheadPolicy,
  betweenProcesses,
  defaultBreaker,
  defaultRetry,
  type EdgePolicies,
  type EdgePolicy,
  type FaultRule,
  type outside,
  type PolicyPlacement,
  type RetryPolicy,
  withFaults,
  withPolicies,
} from '@banyan/resilience'
import type { Logger, MeasuredPlacement } from '@banyan/runtime'

/** A pair of caller and module; `*` is any, `outside` what is no module: the gateway, host code, tests. */
export type EdgeName<Modules extends string = string> = `${Modules | '*' | typeof outside} -> ${Modules | '*'}` | '*'

/** What is done about calls, by edge; of several that fit, each part comes from the most specific one that says it. */
export type PoliciesConfig<Modules extends string = string> = {
  readonly [Name in EdgeName<Modules>]?: EdgeConfig
}

/** Each part can be switched off by `false`, where a less specific edge switches it on. */
export interface EdgeConfig {
  /** How long one attempt may take; never more than the caller has left. Default: no limit but the caller's. */
  readonly timeout?: Duration | false
  readonly retry?: RetryConfig | false
  readonly breaker?: BreakerConfig | false
  /** How many attempts may be under way, or with a queue for more. */
  readonly bulkhead?: number | BulkheadConfig | false
  /** Asks a query again when it has not been answered after so long, or after the 95th percentile. */
  readonly hedge?: { readonly after: Duration | 'p95' } | false
  /** What queries answer when their module cannot: by name, a value or a function of input and error. */
  readonly fallback?: Readonly<Record<string, unknown>> | false
}

export interface RetryConfig {
  /** The first one included, 2 to 10. Default 3. */
  readonly attempts?: number
  /** Wait before the second attempt, at most; doubling. Default 25 ms. */
  readonly base?: Duration
  /** Longest wait. Default 1 s. */
  readonly cap?: Duration
  /** Repetitions per call of the edge, and per second besides. Default 0.2 and 10. */
  readonly budget?: { readonly ratio?: number; readonly perSecond?: number }
}

export interface BreakerConfig {
  /** Failures in a row that open it. Default 5. */
  readonly failures?: number
  /** Share of failures that opens it as well, 0.01 to 1. Default: only failures in a row count. */
  readonly ratio?: number
  /** Over which time the share is taken. Default 10 s. */
  readonly window?: Duration
  /** Calls in the window below which the share says nothing. Default 20. */
  readonly least?: number
  /** How long it refuses before it probes. Default 5 s. */
  readonly openFor?: Duration
  /** Calls at a time while it probes, and answers that close it. Default 1. */
  readonly probes?: number
}

export interface BulkheadConfig {
  readonly concurrency: number
  /** Calls that may wait for a place. Default 0. */
  readonly queue?: number
}

/** One kind of fault; several that fit a call all apply. */
export interface FaultConfig<Modules extends string = string> {
  readonly edge: EdgeName<Modules>
  readonly operation?: string
  /** Of 100 calls, 0 to 100. */
  readonly percent: number
  /** Delivers that much later. */
  readonly latency?: Duration
  /** Fails without being delivered. */
  readonly error?: NonNullable<FaultRule['error']>
  /** Is lost, or its answer is: the caller waits until its time is up. */
  readonly drop?: NonNullable<FaultRule['drop']>
}

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment switches on of the faults of the configuration. */
export function faultsOn({ BANYAN_FAULTS }: Environment): boolean {
  return BANYAN_FAULTS === 'on' || BANYAN_FAULTS === 'production'
}

/** An app with the settings that concern calls. */
export interface PolicyApp {
  readonly app: App
  readonly config: { readonly policies?: PoliciesConfig; readonly faults?: readonly FaultConfig[] }
}

export interface PolicyContext {
  readonly ambient: Ambient
  readonly logger: Logger
  readonly environment: Environment
  /** Modules of this process; the edges to others have a policy by default. Default: all. */
  readonly hosts?: readonly string[]
}

/**
 * Puts the policies of the configuration, and the faults that are switched on, around what delivers the calls of a process.
 * Undefined where there are none: then a call costs what it costs.
 */
export function policyPlacement(
  { app, config }: PolicyApp,
  { ambient, logger, environment, hosts }: PolicyContext,
): ((here: MeasuredPlacement) => PolicyPlacement) | undefined {
  const modules = modulesOf(app)
  const contracts = new Map(modules.map(({ contract }) => [contract.name, contract]))
  const others = hosts === undefined ? [] : modules.map(({ name }) => name).filter((name) => !hosts.includes(name))
  const policies: EdgePolicies = {
    edges: edgePolicies(config.policies),
    defaults: { modules: new Set(others), policy: betweenProcesses },
  }
  const faults = faultsOn(environment) ? (config.faults ?? []).map(faultRule) : []
  if (config.faults?.length && faults.length === 0)
    logger.info({ faults: config.faults.length }, 'faults are configured, and off: BANYAN_FAULTS=on switches them on')
  if (others.length === 0 && faults.length === 0 && Object.keys(policies.edges).length === 0) return undefined
  return (here) => {
    const faulty = faults.length > 0 ? withFaults(here, faults, { ambient, logger }) : here
    return withPolicies(faulty, policies, { ambient, logger, contracts })
  }
}

/** The policies as the engine takes them. */
export function edgePolicies(config: PoliciesConfig = {}): Readonly<Record<string, EdgePolicy>> {
  return Object.fromEntries(Object.entries(config).map(([name, edge]) => [name, edgePolicy(edge ?? {})]))
}

function edgePolicy({ timeout, retry, breaker, bulkhead, hedge, fallback }: EdgeConfig): EdgePolicy {
  return {
    ...(timeout === undefined ? {} : { timeoutMs: timeout === false ? timeout : parseDuration(timeout) }),
    ...(retry === undefined ? {} : { retry: retry && retryPolicy(retry) }),
    ...(breaker === undefined ? {} : { breaker: breaker && breakerPolicy(breaker) }),
    ...(bulkhead === undefined ? {} : { bulkhead: bulkheadPolicy(bulkhead) }),
    ...(hedge === undefined
      ? {}
      : { hedge: hedge && { after: hedge.after === 'p95' ? 'p95' : parseDuration(hedge.after) } }),
    ...(fallback === undefined ? {} : { fallback }),
  }
}

function retryPolicy({ attempts, base, cap, budget }: RetryConfig): RetryPolicy {
  return {
    attempts: attempts ?? defaultRetry.attempts,
    baseMs: base === undefined ? defaultRetry.baseMs : parseDuration(base),
    capMs: cap === undefined ? defaultRetry.capMs : parseDuration(cap),
    budget: { ...defaultRetry.budget, ...budget },
  }
}

function breakerPolicy({ failures, ratio, window, least, openFor, probes }: BreakerConfig): BreakerPolicy {
  return {
    failures: failures ?? defaultBreaker.failures,
    openForMs: openFor === undefined ? defaultBreaker.openForMs : parseDuration(openFor),
    probes: probes ?? defaultBreaker.probes,
    ...(ratio === undefined
      ? {}
      : { ratio: { share: ratio, windowMs: parseDuration(window ?? '10s'), leastCalls: least ?? 20 } }),
  }
}

function bulkheadPolicy(bulkhead: number | BulkheadConfig | false): BulkheadPolicy | false {
  if (bulkhead === false) return false
  return typeof bulkhead === 'number' ? { concurrency: bulkhead, queue: 0 } : { queue: 0, ...bulkhead }
}

function faultRule({ latency, ...rule }: FaultConfig): FaultRule {
  return { ...rule, ...(latency === undefined ? {} : { latencyMs: parseDuration(latency) }) }
}
