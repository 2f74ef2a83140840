import type { Metric } from '../lifecycle/types.js'
import type { Feed } from './feed/feed.js'
import type { JobsRunner } from './jobs-runner.js'
import type { Retention } from './retention.js'
import type { Subscription } from './subscription.js'

interface Parts {
  readonly feeds: readonly Feed[]
  readonly subscriptions: readonly Subscription[]
  readonly jobs: readonly JobsRunner[]
  readonly retentions: readonly Retention[]
}

/** The numbers of the delivery. Labels are modules, sources and subscriptions, so they are bounded by the contracts. */
export function deliveryMetrics(parts: Parts): Metric[] {
  return [
    ...subscriptionMetrics(parts.subscriptions),
    ...feedMetrics(parts.feeds),
    ...jobMetrics(parts.jobs),
    counter('banyan_retention_pruned_total', 'Rows pruned by policy', parts.retentions, ({ module, counters }) => [
      { labels: { module, what: 'inbox' }, value: counters.inbox },
      { labels: { module, what: 'log' }, value: counters.log },
    ]),
  ]
}

type Samples = Metric['samples']

function counter<T>(name: string, help: string, things: readonly T[], samples: (thing: T) => Samples): Metric {
  return { name, help, type: 'counter', samples: things.flatMap(samples) }
}

function gauge<T>(name: string, help: string, things: readonly T[], samples: (thing: T) => Samples): Metric {
  return { name, help, type: 'gauge', samples: things.flatMap(samples) }
}

function subscriptionMetrics(subscriptions: readonly Subscription[]): Metric[] {
  const labels = ({ setting }: Subscription): Record<string, string> => ({
    module: setting.plan.module,
    source: setting.plan.key.source,
    subscription: setting.plan.key.subscription,
  })
  const count = (name: string, help: string, value: (subscription: Subscription) => number): Metric =>
    counter(name, help, subscriptions, (one) => [{ labels: labels(one), value: value(one) }])
  return [
    count('banyan_events_handled_total', 'Events whose effect was committed', (one) => one.setting.counters.handled),
    count('banyan_events_skipped_total', 'Events that no handler wanted', (one) => one.setting.counters.skipped),
    count('banyan_events_failed_total', 'Attempts at an event that failed', (one) => one.setting.counters.failed),
    count('banyan_events_parked_total', 'Events set aside', (one) => one.setting.counters.parked),
    count('banyan_events_dead_total', 'Events that became dead letters', (one) => one.setting.counters.dead),
    count('banyan_event_batches_total', 'Transactions that handled events', (one) => one.setting.counters.batches),
    count('banyan_event_retries_total', 'Retries for want of infrastructure', (one) => one.setting.counters.retried),
    gauge('banyan_subscription_lag', 'Events not handled yet', subscriptions, (one) => [
      { labels: labels(one), value: one.health().lag },
    ]),
    gauge('banyan_subscription_parked', 'Events parked now', subscriptions, (one) => [
      { labels: labels(one), value: one.health().parked },
    ]),
    gauge('banyan_subscription_stopped', '1 while a subscription is stopped', subscriptions, (one) => [
      { labels: labels(one), value: one.health().state === 'stopped' ? 1 : 0 },
    ]),
  ]
}

function feedMetrics(feeds: readonly Feed[]): Metric[] {
  return [
    counter('banyan_feed_events_total', 'Events read, from memory or from the log', feeds, ({ source, counters }) => [
      { labels: { source, from: 'memory' }, value: counters.fromMemory },
      { labels: { source, from: 'log' }, value: counters.fromLog },
    ]),
    counter('banyan_feed_reads_total', 'Statements that read the log or its heads', feeds, ({ source, counters }) => [
      { labels: { source, what: 'events' }, value: counters.reads },
      { labels: { source, what: 'heads' }, value: counters.polls },
    ]),
    gauge('banyan_feed_cached_events', 'Events held in memory', feeds, ({ source, cached }) => [
      { labels: { source }, value: cached.events },
    ]),
  ]
}

function jobMetrics(jobs: readonly JobsRunner[]): Metric[] {
  return [
    counter('banyan_jobs_total', 'Durable jobs that ended an attempt', jobs, ({ module, counters }) => [
      { labels: { module, outcome: 'done' }, value: counters.done },
      { labels: { module, outcome: 'failed' }, value: counters.failed },
      { labels: { module, outcome: 'dead' }, value: counters.dead },
    ]),
    gauge('banyan_jobs_running', 'Durable jobs under way', jobs, ({ module, running }) => [
      { labels: { module }, value: running },
    ]),
  ]
}
