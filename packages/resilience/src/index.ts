export type { EdgeCounts } from './edge/counts.js'
export type { EdgeReport } from './edge/report.js'
export { type FaultPlacement, type FaultRule, faultCodes, withFaults } from './faults/faults.js'
export { defaultOutliers, OutlierDetector, type OutlierPolicy, type ReplicaReport } from './outlier/outlier-detector.js'
export type { BreakerState } from './parts/breaker.js'
export {
  type BreakerPolicy,
  type BudgetPolicy,
  type BulkheadPolicy,
  betweenProcesses,
  defaultBreaker,
  defaultBudget,
  defaultRetry,
  type EdgePolicies,
  type EdgePolicy,
  type Fallback,
  type HedgePolicy,
  outside,
  policyOf,
  type ResolvedPolicy,
  type RetryPolicy,
} from './policies.js'
export { type PolicyOptions, type PolicyPlacement, withPolicies } from './policy-placement.js'
