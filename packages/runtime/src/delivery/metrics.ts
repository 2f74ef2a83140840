import type { Metric } from '../lifecycle/types.js'
import type { Feed } from './feed/feed.js'
import type { JobsRunner } from './jobs-runner.js'
import type { Relay } from './relay/relay.js'
import type { Retention } from './retention.js'
import type { Subscription } from './subscription.js'

interface Parts {
  readonly feeds: readonly Feed[]
  readonly subscriptions: readonly Subscription[]
  readonly jobs: readonly JobsRunner[]
  readonly retentions: readonly Retention[]
  readonly relays: readonly Relay[]
}

/** The numbers of the delivery. Labels are modules, sources and subscriptions, so they are bounded by the contracts. */
export function deliveryMetrics(parts: Parts): Metric[] {
  return [
    ...subscriptionMetrics(parts.subscriptions),
    ...feedMetrics(parts.feeds),
    ...relayMetrics(parts.relays),
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
      { labels: { source, from: 'stream' }, value: counters.fromStream },
    ]),
    counter('banyan_feed_published_total', 'Events heard as a source published them', feeds, ({ source, counters }) => [
      { labels: { source }, value: counters.published },
    ]),
    counter('banyan_feed_missed_total', 'Looks that found events not heard of', feeds, ({ source, counters }) => [
      { labels: { source }, value: counters.missed },
    ]),
    gauge('banyan_feed_following', '1 while the events of a source come as they are published', feeds, (feed) =>
      feed.following === undefined ? [] : [{ labels: { source: feed.source }, value: feed.following ? 1 : 0 }],
    ),
    counter('banyan_feed_reads_total', 'Statements that read the log or its heads', feeds, ({ source, counters }) => [
      { labels: { source, what: 'events' }, value: counters.reads },
      { labels: { source, what: 'heads' }, value: counters.polls },
    ]),
    gauge('banyan_feed_cached_events', 'Events held in memory', feeds, ({ source, cached }) => [
      { labels: { source }, value: cached.events },
    ]),
  ]
}

function relayMetrics(relays: readonly Relay[]): Metric[] {
  const count = (name: string, help: string, value: (relay: Relay) => number): Metric =>
    counter(name, help, relays, (relay) => [{ labels: { module: relay.module }, value: value(relay) }])
  return [
    count('banyan_relay_published_total', 'Events published to other services', (one) => one.counters.published),
    count('banyan_relay_refused_total', 'Publications that the broker refused', (one) => one.counters.refused),
    count('banyan_relay_refilled_total', 'Streams that were filled again', (one) => one.counters.refilled),
    gauge('banyan_relay_behind', 'Events not published yet', relays, (relay) => [
      { labels: { module: relay.module }, value: relay.health().behind },
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
