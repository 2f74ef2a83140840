import type { Metric, SettledReport, SubscriptionHealth } from '../lifecycle/types.js'
import type { LogEvent, ModuleStore, NewJob } from '../ports/store.js'
import { realAfter } from '../upkeep.js'
import { Activity } from './activity.js'
import { SubscriptionCounters } from './counters.js'
import { Feed } from './feed/feed.js'
import { JobsRunner } from './jobs-runner.js'
import { wholeShare } from './lane-share.js'
import { LeaseKeeper } from './lease-keeper.js'
import { deliveryMetrics } from './metrics.js'
import { type DeliveryHost, type DeliveryOptions, defaultDeliveryLimits } from './options.js'
import type { CommitListener, SubscriptionPlan } from './ports.js'
import { Registrar } from './registrar.js'
import { Relay, type RelayHealth } from './relay/relay.js'
import { RemoteLag } from './relay/remote-lag.js'
import { Retention } from './retention.js'
import { settle } from './settled.js'
import { Subscription } from './subscription.js'

/** What the delivery tells of one module. */
export interface DeliveryStatus {
  readonly subscriptions: readonly SubscriptionHealth[]
  /** As last counted, every few seconds. */
  readonly deadLetters: number
  readonly jobsRunning: number
  readonly relay?: RelayHealth
}

/** Everything that happens after a commit: events to their subscribers, jobs to their callees, what is old to rest. */
export interface Delivery extends CommitListener {
  /** Makes new subscriptions, then begins in the background. Rejects when the store cannot be reached. */
  start(): Promise<void>
  /**
   * Finishes the batches and jobs under way and gives the leases back, so that another process goes on at once. What is
   * not finished at the deadline (milliseconds) is interrupted and rolled back. Idempotent.
   */
  stop(deadlineMs: number): Promise<void>
  /**
   * Resolves when every event is handled or parked for later, no job is due, and none of it was about to change.
   * @param timeoutMs real time, default 10 s
   * @throws `deadline-exceeded` that lists what is not settled
   */
  settled(timeoutMs?: number): Promise<SettledReport>
  /** By module; from memory. */
  status(): ReadonlyMap<string, DeliveryStatus>
  jobsRunning(module: string): number
  /** How far the slowest subscription here is behind the source, in events; from memory. */
  lag(source: string): number
  /**
   * How long a command of the module that publishes should be put off, in milliseconds; undefined when it need not.
   * O(1), from memory: its subscribers here are too far behind (P9).
   */
  pressure(module: string): number | undefined
  /**
   * Looks at once for what came from outside: resubmitted dead letters, jobs. Of all modules when none is named. Without
   * it they are found within seconds.
   *
   * A resubmitted letter whose key was held comes first, then what waited behind it: the order of the key is kept. One
   * whose key was released has been passed by later events already; it takes its place where it is found. From then on
   * events of its key wait behind it, and it never runs at the same time as one of them.
   */
  wake(module?: string): void
  /** The module may have appended without `committed` being told: who works here on its events and jobs looks at once. */
  appended(module: string): void
  metrics(): readonly Metric[]
}

const settledMs = 10_000
const interruptMs = 2_000

/** Makes the delivery of one process. Nothing runs before `start`. */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new ProcessDelivery(options)
}

/**
 * Composes the delivery: one feed for each source that somebody here listens to, one subscription for each plan, and
 * leases, jobs, retention for each module. Each of these owns itself; this owns the order of starting and stopping.
 */
class ProcessDelivery implements Delivery {
  readonly #options: DeliveryOptions
  readonly #host: DeliveryHost
  readonly #activity = new Activity()
  readonly #feeds = new Map<string, Feed>()
  readonly #keepers = new Map<string, LeaseKeeper>()
  readonly #subscriptions: Subscription[] = []
  readonly #bySource = new Map<string, Subscription[]>()
  readonly #jobs = new Map<string, JobsRunner>()
  readonly #retentions: Retention[] = []
  readonly #relays = new Map<string, Relay>()
  readonly #remoteLags = new Map<string, RemoteLag>()
  #registrar: Registrar | undefined
  #unlisten: (() => void) | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#host = {
      ambient: options.ambient,
      store: options.store,
      logger: options.logger,
      limits: { ...defaultDeliveryLimits, ...options.limits },
      upkeepAfter: options.upkeepAfter ?? realAfter,
      isHopeless: options.isHopeless ?? (() => false),
    }
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    for (const module of this.#options.hosted) this.#prepareModule(module)
    for (const plan of this.#options.plans) this.#prepareSubscription(plan)
    // All exist before anything runs: an event that is published from now on reaches every one of them.
    // A source of another process may be told of its subscribers only later: whoever starts first must not wait for it.
    await Promise.all(this.#subscriptions.filter((one) => this.#isHere(one)).map((one) => one.ensure()))
    const stores = new Map(this.#options.hosted.map((name) => [name, this.#host.store.module(name)] as const))
    this.#registrar = new Registrar(this.#host, this.#subscriptions, stores)
    for (const part of [
      ...this.#feeds.values(),
      ...this.#keepers.values(),
      ...this.#subscriptions,
      ...this.#jobs.values(),
      ...this.#retentions,
      ...this.#relays.values(),
      ...this.#remoteLags.values(),
      this.#registrar,
    ])
      part.start()
    this.#unlisten = this.#options.onShareChange?.(() => {
      for (const subscription of this.#subscriptions) subscription.shareChanged()
    })
  }

  #isHere({ setting }: Subscription): boolean {
    return this.#options.hosted.includes(setting.plan.key.source)
  }

  #prepareModule(module: string): void {
    const store: ModuleStore = this.#host.store.module(module)
    const keeper = new LeaseKeeper(module, store.leases, this.#host)
    const host = this.#host
    this.#keepers.set(module, keeper)
    this.#jobs.set(
      module,
      new JobsRunner(module, { store: store.jobs, runner: this.#options.jobs, keeper, host, activity: this.#activity }),
    )
    const policy = this.#options.retention?.[module] ?? {}
    this.#retentions.push(new Retention(module, { store, keeper, host, policy }))
    const stream = this.#options.stream?.(module)
    if (!stream) return
    const isRemote = (subscriber: string): boolean => !this.#options.hosted.includes(subscriber)
    const { log } = store
    this.#relays.set(module, new Relay(module, { stream, feed: this.#feed(module), log, keeper, host, isRemote }))
    this.#remoteLags.set(module, new RemoteLag({ log, host, isRemote }))
  }

  #feed(source: string): Feed {
    const known = this.#feeds.get(source)
    if (known) return known
    const feed = new Feed(source, this.#options.source?.(source) ?? this.#host.store.module(source).log, this.#host)
    this.#feeds.set(source, feed)
    return feed
  }

  #prepareSubscription(plan: SubscriptionPlan): void {
    const { source, subscription } = plan.key
    const feed = this.#feed(source)
    const keeper = this.#keepers.get(plan.module)
    if (!keeper) throw new Error(`A subscription of ${plan.module} was planned, but the module is not hosted here`)
    const one = new Subscription(
      {
        host: this.#host,
        plan,
        store: this.#host.store.module(plan.module),
        feed,
        events: this.#options.events,
        activity: this.#activity,
        counters: new SubscriptionCounters(),
        what: `${plan.module}/${subscription}/${source}`,
        committed: (events, jobs) => this.committed(plan.module, events, jobs),
        appendedUnseen: () => {
          this.#feeds.get(plan.module)?.nudge()
          this.#relays.get(plan.module)?.appended()
          this.#jobs.get(plan.module)?.wake()
        },
      },
      keeper,
      () => this.#options.share?.(plan.module) ?? wholeShare,
    )
    this.#subscriptions.push(one)
    this.#bySource.set(source, [...(this.#bySource.get(source) ?? []), one])
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs)
    return this.#stopped
  }

  async #stop(deadlineMs: number): Promise<void> {
    if (!this.#started) return
    // A start that failed has told its caller; what it began is stopped all the same.
    await this.#started.catch(() => undefined)
    this.#unlisten?.()
    const workers = [...this.#subscriptions, ...this.#jobs.values()]
    const cancel = this.#host.upkeepAfter(deadlineMs, () => {
      for (const worker of workers) worker.abort()
    })
    const ended = Promise.all(
      [...workers, ...this.#retentions, ...this.#remoteLags.values()].map((part) => part.stop()),
    )
    // A handler that neither ends nor heeds its signal must not keep the process: the rest is the store's rollback.
    await this.#within(deadlineMs + interruptMs, ended)
    cancel()
    // What the workers committed last is published as well.
    await this.#within(interruptMs, Promise.all([...this.#relays.values()].map((relay) => relay.stop())))
    const upkeep = [...this.#feeds.values(), ...this.#keepers.values(), ...(this.#registrar ? [this.#registrar] : [])]
    await this.#within(interruptMs, Promise.all(upkeep.map((part) => part.stop())))
  }

  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined
    const limit = new Promise<void>((resolve) => {
      cancel = this.#host.upkeepAfter(limitMs, resolve)
    })
    try {
      await Promise.race([work, limit])
    } finally {
      cancel()
    }
  }

  committed(module: string, events: readonly LogEvent[], jobs: readonly NewJob[]): void {
    if (events.length > 0) {
      this.#feeds.get(module)?.committed(events)
      this.#relays.get(module)?.appended()
      this.#activity.note()
    }
    if (jobs.length > 0) this.#jobs.get(module)?.added(jobs)
  }

  settled(timeoutMs: number = settledMs): Promise<SettledReport> {
    return settle(
      {
        host: this.#host,
        activity: this.#activity,
        feeds: [...this.#feeds.values()],
        subscriptions: this.#subscriptions,
        jobs: [...this.#jobs.values()],
      },
      timeoutMs,
    )
  }

  status(): ReadonlyMap<string, DeliveryStatus> {
    return new Map(
      this.#options.hosted.map((module) => [
        module,
        {
          subscriptions: this.#subscriptions
            .filter((one) => one.setting.plan.module === module)
            .map((one) => one.health()),
          deadLetters: this.#registrar?.deadLetters(module) ?? 0,
          jobsRunning: this.jobsRunning(module),
          ...this.#relayHealth(module),
        },
      ]),
    )
  }

  #relayHealth(module: string): { readonly relay?: RelayHealth } {
    const relay = this.#relays.get(module)
    return relay ? { relay: relay.health() } : {}
  }

  jobsRunning(module: string): number {
    return this.#jobs.get(module)?.running ?? 0
  }

  lag(source: string): number {
    let most = 0
    for (const one of this.#bySource.get(source) ?? []) most = Math.max(most, one.tenure?.lag ?? 0)
    return most
  }

  pressure(module: string): number | undefined {
    let longest = this.#remoteLags.get(module)?.pressureMs()
    for (const one of this.#bySource.get(module) ?? []) {
      const waitMs = one.pressureMs()
      if (waitMs !== undefined && (longest === undefined || waitMs > longest)) longest = waitMs
    }
    return longest
  }

  wake(module?: string): void {
    for (const one of this.#subscriptions) if (module === undefined || one.setting.plan.module === module) one.wake()
    for (const [name, runner] of this.#jobs) if (module === undefined || name === module) runner.wake()
    this.#registrar?.wake()
  }

  appended(module: string): void {
    this.#feeds.get(module)?.nudge()
    this.#relays.get(module)?.appended()
    this.#jobs.get(module)?.wake()
    this.#activity.note()
  }

  metrics(): readonly Metric[] {
    return deliveryMetrics({
      feeds: [...this.#feeds.values()],
      subscriptions: this.#subscriptions,
      jobs: [...this.#jobs.values()],
      retentions: this.#retentions,
      relays: [...this.#relays.values()],
    })
  }
}
