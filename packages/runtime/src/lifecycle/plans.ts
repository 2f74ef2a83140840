import { type AnyModule, parseDuration } from '@banyan/module'
import type { RetentionPolicy } from '../delivery/options.js'
import type { SubscriptionPlan } from '../delivery/ports.js'

/** The subscriptions that a module's `on` handlers make: one for each source, so that order holds across types. */
export function subscriptionPlans(module: AnyModule, defaultAttempts = 8): SubscriptionPlan[] {
  const settings = module.subscriptions ?? {}
  return Object.entries(module.on).map(([source, handlers]) => {
    const { from = 'beginning', parallel = 1, attempts = defaultAttempts, onDead = 'release' } = settings[source] ?? {}
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

/** How long outcomes and events of a module are kept: as it says, else as the app says. */
export function retentionOf(module: AnyModule, { inboxMs, logMs }: RetentionPolicy = {}): RetentionPolicy {
  const { inbox, log } = module.retention ?? {}
  return {
    inboxMs: inbox === undefined ? inboxMs : parseDuration(inbox),
    logMs: log === undefined ? logMs : log === 'forever' ? undefined : parseDuration(log),
  }
}
