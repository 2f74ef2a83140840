import { readDuration } from '@banyan/module'
import {
  type DeliveryLimits,
  type DeliverySettings,
  defaultDeliveryLimits,
  type RetentionPolicy,
} from '@banyan/runtime'

/** Bounds of events and durable jobs, for each process. What is absent has its default. */
export interface DeliveryConfig {
  /** Events handled in one transaction. Default 500. */
  readonly batchEvents?: number
  /** Time after which a batch takes no further event, milliseconds. Default 50. */
  readonly batchMs?: number
  /** Longest time that events of a stream are gathered before their batch, milliseconds; 0: not at all. Default 20. */
  readonly batchEveryMs?: number
  /** Bytes of event data read for one batch. Default 4,194,304. */
  readonly batchBytes?: number
  /** Events kept in memory per source. Default 16,384. */
  readonly cacheEvents?: number
  /** Bytes of the same. Default 8,388,608. */
  readonly cacheBytes?: number
  /** Time that a handler may take for one event, milliseconds. Default 30,000. */
  readonly handlerMs?: number
  /** Events that a subscription may be behind before commands of its source get `overloaded`. Default 100,000. */
  readonly maxLag?: number
  /** Parked events of one key, beyond which the subscription stops taking live events. Default 1,000. */
  readonly parkedPerKey?: number
  /** Parked events of one subscription, beyond which it stops taking live events. Default 10,000. */
  readonly parkedPerSubscription?: number
  /** Parked events handled at a time, each of another key. Default 2. */
  readonly parkedConcurrency?: number
  /** Attempts at an event before it becomes a dead letter, where a subscription says nothing. Default 8. */
  readonly attempts?: number
  /** Wait after the first failed attempt at an event or job, doubling, milliseconds. Default 1,000. */
  readonly backoffBaseMs?: number
  /** Longest wait between attempts, milliseconds; not below `backoffBaseMs`. Default 300,000. */
  readonly backoffCapMs?: number
  /** Durable jobs of a module run at a time. Default 8. */
  readonly jobConcurrency?: number
  /** Attempts at a job before it becomes a dead letter. Default 12. */
  readonly jobAttempts?: number
  /** Time that one call of a job may take, milliseconds. Default 60,000. */
  readonly jobMs?: number
  /** How long recorded outcomes are kept, where a module says nothing: `'7d'`. Default 7 days. */
  readonly inboxRetention?: string | number
  /** How long events are kept that every subscription has passed, where a module says nothing. Default `'forever'`. */
  readonly logRetention?: string | number
}

/** Largest and smallest value of each number. */
export const deliveryBounds: Readonly<
  Record<Exclude<keyof DeliveryConfig, 'inboxRetention' | 'logRetention'>, readonly [number, number]>
> = {
  batchEvents: [1, 10_000],
  batchMs: [1, 10_000],
  batchEveryMs: [0, 1_000],
  batchBytes: [1_024, 268_435_456],
  cacheEvents: [1, 1_048_576],
  cacheBytes: [1_024, 1_073_741_824],
  // Beyond an hour a handler is no handler but a durable job.
  handlerMs: [1, 3_600_000],
  maxLag: [1, 1_000_000_000],
  parkedPerKey: [1, 1_000_000],
  parkedPerSubscription: [1, 1_000_000],
  parkedConcurrency: [1, 100],
  attempts: [1, 1_000],
  backoffBaseMs: [1, 86_400_000],
  backoffCapMs: [1, 86_400_000],
  jobConcurrency: [1, 1_000],
  jobAttempts: [1, 1_000],
  jobMs: [1, 3_600_000],
}

export const defaultBackoff: DeliveryLimits['attemptBackoff'] = defaultDeliveryLimits.attemptBackoff

/** The settings as the runtime takes them. */
export function deliverySettings(config: DeliveryConfig = {}): DeliverySettings {
  const { attempts, backoffBaseMs, backoffCapMs, inboxRetention, logRetention, ...bounds } = config
  const { baseMs, capMs } = defaultBackoff
  const attemptBackoff = { baseMs: backoffBaseMs ?? baseMs, capMs: backoffCapMs ?? capMs }
  const given = Object.entries(bounds).filter(([, value]) => value !== undefined)
  const limits: Partial<DeliveryLimits> = { ...Object.fromEntries(given), attemptBackoff }
  const retention: RetentionPolicy = {
    inboxMs: readDuration(inboxRetention),
    logMs: logRetention === 'forever' ? undefined : readDuration(logRetention),
  }
  return { limits, attempts, retention }
}
