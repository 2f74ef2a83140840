import type { Ambient } from '@banyan/ambient'
import type { EventStream } from '../ports/event-stream.js'
import type { RemoteSource } from '../ports/source-stream.js'
import type { Store } from '../ports/store.js'
import type { Backoff } from './backoff.js'
import type { LaneShare } from './lane-share.js'
import type { EventRunner, JobRunner, SubscriptionPlan } from './ports.js'

/** What the delivery logs to: an object of fields first, then the message, as pino takes them. */
export interface DeliveryLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** How long a module keeps what is behind it, in milliseconds. */
export interface RetentionPolicy {
  /** Age at which recorded outcomes are pruned. Default 7 days. */
  readonly inboxMs?: number | undefined
  /** Age at which events are pruned once every registered subscription has passed them. Default: kept for ever. */
  readonly logMs?: number | undefined
}

/** What an app may set about the delivery as a whole; what is absent has its default. */
export interface DeliverySettings {
  readonly limits?: Partial<DeliveryLimits>
  /** Attempts at an event, where a subscription says nothing. Default 8. */
  readonly attempts?: number | undefined
  /** Where a module says nothing. */
  readonly retention?: RetentionPolicy
}

/** The bounds of the delivery (P9). */
export interface DeliveryLimits {
  /** Events handled in one transaction. Default 500. */
  readonly batchEvents: number
  /** Time after which a batch takes no further event, in milliseconds: its locks are held until its commit. Default 50. */
  readonly batchMs: number
  /**
   * At most so long from the beginning of a small batch to that of the next, in milliseconds, so that a steady trickle of
   * events is not committed one by one: four times what the batch took, if that is less. An event after a rest is
   * handled at once. Default 20.
   */
  readonly batchEveryMs: number
  /** Bytes of event data read for one batch. Default 4 MiB. */
  readonly batchBytes: number
  /** Events kept in memory per source for subscribers that keep up. Default 16,384. */
  readonly cacheEvents: number
  /** Bytes of the same. Default 8 MiB. */
  readonly cacheBytes: number
  /** Time that a handler may take for one event, in milliseconds. Default 30,000. */
  readonly handlerMs: number
  /** Events that a subscription in this process may be behind before its publisher is shed. Default 100,000. */
  readonly maxLag: number
  /** Parked events of one key, beyond which the subscription stops taking live events. Default 1,000. */
  readonly parkedPerKey: number
  /** Parked events of one subscription, beyond which it stops taking live events. Default 10,000. */
  readonly parkedPerSubscription: number
  /** Parked events handled at a time, each of another key. Default 2. */
  readonly parkedConcurrency: number
  /** Wait between attempts at an event. Default 1 s doubling to 5 min. */
  readonly attemptBackoff: Backoff
  /** Tries in place after the callee of a handler was unavailable, before its key is set aside. Default 3. */
  readonly infrastructureRetries: number
  /** Wait after a failure that is nobody's fault: a deadlock, a lost connection. Default 20 ms doubling to 5 s. */
  readonly infrastructureBackoff: Backoff
  /** Durable jobs of one module run at a time. Default 8. */
  readonly jobConcurrency: number
  /** Attempts at a job before it becomes a dead letter. Default 12. */
  readonly jobAttempts: number
  /** Time that one call of a job may take, in milliseconds. Default 60,000. */
  readonly jobMs: number
  /** How often the heads of a log are read when nothing is heard of it. Default 1 s. */
  readonly pollMs: number
  /** How often leases are renewed. Default 5 s. */
  readonly renewMs: number
  /** Age at which a lease that was not renewed may be taken over. Default 20 s. */
  readonly staleMs: number
  /** How often leases that another process holds are asked for. Default 1 s. */
  readonly acquireMs: number
  /** How long leases that are another replica's own must have been free before they are taken all the same. Default 3 s. */
  readonly unclaimedMs: number
  /** How often parked keys and jobs are looked for that came from outside: resubmitted letters. Default 5 s. */
  readonly reconcileMs: number
  /** How often a subscription that stopped because its source went back looks again. Default 5 s. */
  readonly recheckMs: number
  /** How often positions are told to the source. Default 5 s. */
  readonly registerMs: number
  /** How often retention runs. Default 60 s. */
  readonly retentionMs: number
  /** Rows pruned by one statement. Default 1,000. */
  readonly pruneRows: number
  /** Events published to other services before an acknowledgement is waited for, twice at a time. Default 256. */
  readonly relayWindow: number
  /** How often an idle stream of events is looked at, whether it lost any. Default 1 s. */
  readonly relayWatchMs: number
  /** Newest events of a log that are published again at most, when its stream lost them. Default 131,072. */
  readonly relayRefill: number
}

export const defaultDeliveryLimits: DeliveryLimits = {
  batchEvents: 500,
  batchMs: 50,
  batchEveryMs: 20,
  batchBytes: 4 * 1024 * 1024,
  cacheEvents: 16_384,
  cacheBytes: 8 * 1024 * 1024,
  handlerMs: 30_000,
  maxLag: 100_000,
  parkedPerKey: 1_000,
  parkedPerSubscription: 10_000,
  parkedConcurrency: 2,
  attemptBackoff: { baseMs: 1_000, capMs: 300_000 },
  infrastructureRetries: 3,
  infrastructureBackoff: { baseMs: 20, capMs: 5_000 },
  jobConcurrency: 8,
  jobAttempts: 12,
  jobMs: 60_000,
  pollMs: 1_000,
  renewMs: 5_000,
  staleMs: 20_000,
  acquireMs: 1_000,
  unclaimedMs: 3_000,
  reconcileMs: 5_000,
  recheckMs: 5_000,
  registerMs: 5_000,
  retentionMs: 60_000,
  pruneRows: 1_000,
  relayWindow: 256,
  relayWatchMs: 1_000,
  relayRefill: 131_072,
}

export interface DeliveryOptions extends LaneSharing {
  readonly app: string
  readonly ambient: Ambient
  readonly store: Store
  readonly logger: DeliveryLogger
  readonly plans: readonly SubscriptionPlan[]
  /** Modules that this process hosts. */
  readonly hosted: readonly string[]
  /** Where the log of a source is read. Default: the store, which serves where every source is of this process. */
  readonly source?: (module: string) => RemoteSource
  /** Where the events of a module here are published for other services; undefined where nobody listens there. */
  readonly stream?: (module: string) => EventStream | undefined
  readonly events: EventRunner
  readonly jobs: JobRunner
  /** By module; a module without one has the defaults. */
  readonly retention?: Readonly<Record<string, RetentionPolicy>>
  readonly limits?: Partial<DeliveryLimits>
  /** Whether an event failed in a way that no further attempt can mend; it becomes a dead letter at once. Default: never. */
  readonly isHopeless?: (error: unknown) => boolean
  /**
   * Timers of upkeep (leases, polling, waits after infrastructure failures, the limit of `settled`). Default: real time.
   * What an app can observe (when a parked event or job is due, handler deadlines) goes by `ambient` instead, so a
   * driven clock that stands still stops no delivery.
   */
  readonly upkeepAfter?: Ambient['after']
}

/** How the lanes of a module's subscriptions are spread over the replicas of its service. */
export interface LaneSharing {
  /** Which replica of the module this process is, as far as is known now. Default: the only one. */
  readonly share?: (module: string) => LaneShare
  /** Asks to be told when what `share` gives may have changed; gives back how to stop that. */
  readonly onShareChange?: (changed: () => void) => () => void
}

/** What every part of the delivery shares; made once. */
export interface DeliveryHost {
  readonly ambient: Ambient
  readonly store: Store
  readonly logger: DeliveryLogger
  readonly limits: DeliveryLimits
  readonly upkeepAfter: Ambient['after']
  readonly isHopeless: (error: unknown) => boolean
}
