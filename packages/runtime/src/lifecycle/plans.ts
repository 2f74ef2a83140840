import { type AnyModule, parseDuration } from '@banyan/module'
import type { SubscriptionPlan } from '../delivery/ports.js'

/** The subscriptions that a module's `on` handlers make: one for each source, so that order holds across types. */
export function subscriptionPlans(module: AnyModule): SubscriptionPlan[] {
  const settings = module.subscriptions ?? {}
  return Object.entries(module.on).map(([source, handlers]) => {
    const { from = 'beginning', parallel = 1, attempts = 8, onDead = 'release' } = settings[source] ?? {}
    return {
      module: module.contract.name,
      key: { subscription: 'on', source },
      from: startOf(from),
      parallel,
      attempts,
      onDead,
      types: new Set(Object.keys(handlers)),
    }
  })
}

function startOf(from: 'beginning' | 'now' | Date | (string & {})): SubscriptionPlan['from'] {
  if (from === 'beginning') return 'beginning'
  return from === 'now' ? 'now' : { time: Number(new Date(from)) }
}

export interface RetentionPolicy {
  readonly inboxMs: number
  /** Absent: for ever. */
  readonly logMs?: number
}

const inboxDefaultMs = 7 * 24 * 3_600_000

/** How long outcomes and events of a module are kept. */
export function retentionOf(module: AnyModule): RetentionPolicy {
  const { inbox, log } = module.retention ?? {}
  return {
    inboxMs: inbox === undefined ? inboxDefaultMs : parseDuration(inbox),
    ...(log === undefined || log === 'forever' ? {} : { logMs: parseDuration(log) }),
  }
}
