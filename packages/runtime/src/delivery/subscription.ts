import { banyanError, isBanyanError } from '@banyan/errors'
import type { SubscriptionHealth } from '../lifecycle/types.js'
import type { Lease, LogHeads } from '../ports/store.js'
import { backoffMs, spread } from './backoff.js'
import { Bell } from './bell.js'
import { failureFields } from './failure.js'
import { LaneClaims } from './lane-claims.js'
import { blockCount, type LaneShare, lanesPerBlock } from './lane-share.js'
import type { LeaseKeeper } from './lease-keeper.js'
import { LiveRunner } from './live-runner.js'
import { ParkedRunner } from './parked-runner.js'
import { shedMs } from './shedding.js'
import { Tenure, type TenureEnd, type TenureLane, type TenureSetting, type TenureWorkers } from './tenure.js'

const workers: TenureWorkers = {
  live: (tenure, lanes) => new LiveRunner(tenure, lanes),
  parked: (tenure) => new ParkedRunner(tenure),
}

/**
 * One subscription of a module in this process: sees to it that it exists, takes its share of the leases, and goes
 * through one tenure after the other until it is stopped. Which leases those are is for the claims.
 *
 * I1 Events are handled only under a lease, from the positions that its claim returned.
 * I2 A source whose log is another one, or ends before what was handled, stops the subscription visibly (L4).
 */
export class Subscription {
  readonly setting: TenureSetting
  readonly leaseName: string
  readonly #keeper: LeaseKeeper
  readonly #claims: LaneClaims
  readonly #bell = new Bell()
  /** Rung when the leases are to be looked at during a tenure. */
  readonly #claimBell = new Bell()
  #state: SubscriptionHealth['state'] = 'waiting'
  #reason: string | undefined
  #tenure: Tenure | undefined
  #leases: readonly Lease[] = []
  #surplus: readonly number[] = []
  /** Leases were lost since a tenure's were taken: before it began, nobody else hears of it. */
  #isLost = false
  #begun = false
  #loop: Promise<void> | undefined
  #stopping = false
  #failures = 0
  /** Restorations of the source that did not concern this subscription, or that an operator dealt with. */
  #accepted = 0
  /** Where it stood when it was found to have handled events that are gone. */
  #divergedAt: string | undefined

  /** @param share which of the replicas of its module this process is */
  constructor(setting: TenureSetting, keeper: LeaseKeeper, share: () => LaneShare) {
    this.setting = setting
    this.#keeper = keeper
    const { subscription, source } = setting.plan.key
    this.leaseName = `sub:${subscription}:${source}`
    const { limits, upkeepAfter } = setting.host
    const { unclaimedMs } = limits
    this.#claims = new LaneClaims(keeper, this.leaseName, { share, unclaimedMs, after: upkeepAfter })
  }

  /** Why it does not exist yet as far as this process knows, so that events may pass it by; undefined once it does. */
  get notBegun(): string | undefined {
    return this.#begun ? undefined : (this.#reason ?? 'it has not been looked at yet')
  }

  get tenure(): Tenure | undefined {
    return this.#tenure
  }

  /** Whether this process holds the block that speaks for the whole subscription. */
  get speaks(): boolean {
    return this.#tenure !== undefined && this.#leases.some(({ block }) => block === 0)
  }

  /** Makes the subscription if it is new, from where its plan says, and tells the source that it needs its log from there. */
  async ensure(): Promise<void> {
    const { plan, store, feed, host } = this.setting
    const start = await this.#start()
    // Registered before it exists: pruning must not pass it in between.
    const isNew = (await store.subscriptions.progress(plan.key)).length === 0
    if (isNew) await this.#register(start.positions)
    const made = await store.subscriptions.ensure(plan.key, start)
    if (made) host.logger.info({ subscription: this.setting.what, from: plan.from }, 'a new subscription begins')
    if (!isNew) await this.register()
    await feed.refresh()
    this.#begun = true
    this.setting.activity.note()
  }

  /** Tells the source how far the subscription is, so that pruning waits for it. */
  async register(): Promise<void> {
    const { plan, store } = this.setting
    const progress = await store.subscriptions.progress(plan.key)
    const positions = new Array<number>(blockCount * lanesPerBlock).fill(0)
    for (const { lane, position } of progress) positions[lane] = position
    await this.#register(positions)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Finishes what is under way, then gives the leases back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#tenure?.finish({ kind: 'stopping' })
    this.#bell.ring()
    await this.#loop
    await this.#release()
    this.#state = 'stopped'
    this.#reason = 'the process is stopping'
  }

  /** Interrupts what is under way. */
  abort(): void {
    this.#tenure?.abort({ kind: 'stopping' })
  }

  wake(): void {
    this.#tenure?.reconcileSoon()
    this.#bell.ring()
  }

  /** Other replicas came or went: looks at once at what is whose. */
  shareChanged(): void {
    this.#claimBell.ring()
    if (this.#state === 'elsewhere') this.#bell.ring()
  }

  health(): SubscriptionHealth {
    const { source, subscription } = this.setting.plan.key
    const full = this.#tenure?.full
    const trouble = this.#tenure?.trouble
    const state = full ? 'stopped' : trouble ? 'waiting' : this.#state
    const reason = full ? `too many parked events: ${full}` : (trouble ?? this.#reason)
    const counts = { lag: this.#tenure?.lag ?? 0, parked: this.#tenure?.parked.total ?? 0 }
    return reason === undefined
      ? { source, subscription, state, ...counts }
      : { source, subscription, state, reason, ...counts }
  }

  /** How long a publisher should wait, when this subscription runs but is too far behind; O(1). */
  pressureMs(): number | undefined {
    const tenure = this.#tenure
    // A subscription that is stopped, or elsewhere, does not hold up its publisher (P5): its events wait in the log.
    if (!tenure || tenure.full) return undefined
    return shedMs(tenure.lag, this.setting.host.limits.maxLag, tenure.msPerEvent)
  }

  async #start(): Promise<LogHeads> {
    const { plan, feed } = this.setting
    const heads = await feed.log.heads()
    if (plan.from === 'now') return heads
    // The beginning is where the log begins now: what was pruned is gone.
    const at = plan.from === 'beginning' ? 0 : plan.from.time
    return { incarnation: heads.incarnation, positions: await feed.log.positionsBefore(at) }
  }

  async #register(positions: readonly number[]): Promise<void> {
    const { plan, feed, host } = this.setting
    await feed.log.register(plan.module, plan.key.subscription, positions, host.ambient.now())
  }

  async #run(): Promise<void> {
    const { host } = this.setting
    const random = (): number => host.ambient.random()
    while (!this.#stopping) {
      try {
        // A source of another process may not be there yet: all services start together, and listening may be circular.
        if (!this.#begun) await this.ensure()
        if (this.#stopping) return
        const lanes = await this.#assume()
        if (this.#stopping) return
        if (lanes.length === 0) await this.#rest('elsewhere', undefined, spread(host.limits.acquireMs, random))
        else await this.#ended(await this.#serve(lanes))
      } catch (error) {
        await this.#troubled(error)
      }
    }
  }

  /** Takes leases and reads where their lanes stand (I1). */
  async #assume(): Promise<TenureLane[]> {
    const { plan, store, feed } = this.setting
    await this.#giveSurplus()
    this.#isLost = false
    const { leases } = await this.#claims.take(this.#blocks, (reason) => this.#lost(reason))
    this.#leases = leases
    const lanes: TenureLane[] = []
    let incarnation: string | undefined
    for (const lease of leases) {
      for (const progress of await store.subscriptions.claim(plan.key, lease)) {
        if (incarnation !== undefined && progress.incarnation !== incarnation) throw this.#diverged()
        incarnation = progress.incarnation
        lanes.push(laneOf(lease, progress.lane, progress.position))
      }
    }
    if (lanes.length === 0) return lanes
    // Read after the claim, so that whatever was handled is in the log, if it is still the same log (I2).
    if ((await feed.look()) === 'stream') return this.#withoutSource(lanes, incarnation)
    if (lanes.some((lane) => lane.committed > (feed.heads[lane.lane] as number))) feed.markRestored(feed.heads)
    const isGone = this.#handledWhatIsGone(lanes, incarnation)
    if (isGone || incarnation !== feed.incarnation) throw this.#diverged()
    return lanes
  }

  /** The source does not answer: what the broker has of the same log can be handled; whether it went back shows later (I2). */
  #withoutSource(lanes: TenureLane[], incarnation: string | undefined): TenureLane[] {
    const { feed } = this.setting
    if (incarnation !== feed.incarnation) throw banyanError('unavailable', { what: `the log of ${feed.source}` })
    feed.handled(lanes.map(({ lane, committed }) => ({ lane, after: committed })))
    return lanes
  }

  /** I2: stays so, however the log grows, until an operator has set other positions. */
  #handledWhatIsGone(lanes: readonly TenureLane[], incarnation: string | undefined): boolean {
    const { feed } = this.setting
    if (this.#accepted === feed.restorations) return false
    const positions = [incarnation, ...lanes.map((lane) => `${lane.lane}:${lane.committed}`)].join()
    const decided = this.#divergedAt !== undefined && this.#divergedAt !== positions
    if (!decided && lanes.some((lane) => lane.committed > (feed.restoredTo[lane.lane] as number))) {
      this.#divergedAt = positions
      return true
    }
    this.#accepted = feed.restorations
    this.#divergedAt = undefined
    return false
  }

  async #serve(lanes: readonly TenureLane[]): Promise<TenureEnd> {
    const { plan, store } = this.setting
    const tenure = new Tenure(this.setting, lanes, workers)
    tenure.parked.load(await store.subscriptions.parkedKeys(plan.key, tenure.laneNumbers))
    this.#tenure = tenure
    this.#state = 'running'
    this.#reason = undefined
    this.setting.activity.note()
    if (this.#isLost) tenure.abort({ kind: 'lost' })
    if (this.#stopping) tenure.finish({ kind: 'stopping' })
    const claiming = this.#keepClaiming(tenure)
    const { counters, host } = this.setting
    const { batches } = counters
    const begunAt = host.ambient.monotonic()
    try {
      return await tenure.run()
    } finally {
      // It got somewhere, or had no trouble for longer than it would wait: the next trouble is a new one.
      const quietMs = host.ambient.monotonic() - begunAt
      if (counters.batches > batches || quietMs > host.limits.infrastructureBackoff.capMs) this.#failures = 0
      this.#tenure = undefined
      tenure.finish({ kind: 'stopping' })
      this.#claimBell.ring()
      await claiming
      this.setting.activity.note()
    }
  }

  get #blocks(): readonly number[] {
    return this.#leases.map(({ block }) => block)
  }

  /** Looks, while a tenure lasts, for blocks to take and to give; ends the tenure when there are any. */
  async #keepClaiming(tenure: Tenure): Promise<void> {
    const { host, what } = this.setting
    const random = (): number => host.ambient.random()
    while (!tenure.end) {
      const everyMs = this.#claims.isComplete(this.#blocks) ? undefined : spread(host.limits.acquireMs, random)
      await this.#claimBell.wait(everyMs, host.upkeepAfter)
      if (tenure.end) return
      try {
        const { leases, surplus } = await this.#claims.take(this.#blocks, (reason) => this.#lost(reason))
        const isNew = leases.some((lease) => !this.#leases.some((one) => isSameLease(one, lease)))
        this.#leases = leases
        if (isNew || surplus.length > 0) {
          this.#surplus = surplus
          tenure.finish({ kind: 'leases-changed' })
        }
      } catch (error) {
        host.logger.debug({ err: error, subscription: what }, 'leases held elsewhere could not be asked for')
      }
    }
  }

  /** Gives other replicas what is theirs, between two tenures: nothing is under way in those lanes. */
  async #giveSurplus(): Promise<void> {
    const surplus = this.#surplus
    if (surplus.length === 0) return
    this.#surplus = []
    await this.#claims.release(surplus)
    this.#leases = this.#leases.filter(({ block }) => !surplus.includes(block))
  }

  #lost(reason: string): void {
    const { host, what } = this.setting
    host.logger.warn({ subscription: what, reason }, 'leases of a subscription were lost')
    this.#isLost = true
    this.#tenure?.abort({ kind: 'lost' })
  }

  async #ended(end: TenureEnd): Promise<void> {
    const { host, what } = this.setting
    if (end.kind === 'failed') throw end.error
    if (end.kind === 'fenced') {
      this.#keeper.check()
      host.logger.info({ err: end.error, subscription: what }, 'a subscription starts again from its stored positions')
      await this.#rest('waiting', 'it was fenced, or an outcome is not known', this.#backoff())
      return
    }
  }

  async #troubled(error: unknown): Promise<void> {
    const { host, what } = this.setting
    if (isBanyanError(error, 'log-diverged')) {
      if (this.#state !== 'stopped') host.logger.error({ err: error, subscription: what }, 'a subscription stopped')
      await this.#rest(
        'stopped',
        `log-diverged: ${error.message}`,
        spread(host.limits.recheckMs, () => host.ambient.random()),
      )
      return
    }
    const delayMs = this.#backoff()
    const fields = { ...failureFields(error), subscription: what, delayMs }
    // Told once: a database or a source that is away would fill the log with what is the same each time.
    if (this.#failures > 1) host.logger.debug(fields, 'a subscription still waits')
    else if (this.#begun) host.logger.warn(fields, 'a subscription was interrupted; it starts again')
    else host.logger.info(fields, 'a subscription waits for its source')
    await this.#rest('waiting', (error as Error)?.message ?? String(error), delayMs)
  }

  #backoff(): number {
    const { host } = this.setting
    return backoffMs(host.limits.infrastructureBackoff, ++this.#failures, () => host.ambient.random())
  }

  async #rest(state: SubscriptionHealth['state'], reason: string | undefined, delayMs: number): Promise<void> {
    this.#state = state
    this.#reason = reason
    this.setting.activity.note()
    if (!this.#stopping) await this.#bell.wait(delayMs, this.setting.host.upkeepAfter)
  }

  async #release(): Promise<void> {
    try {
      await this.#claims.release()
    } catch (error) {
      // The session is gone, and the leases with it.
      this.setting.host.logger.debug({ err: error, subscription: this.setting.what }, 'leases could not be given back')
    }
  }

  #diverged(): Error {
    return banyanError('log-diverged', { source: this.setting.plan.key.source, subscriber: this.setting.what })
  }
}

function isSameLease(one: Lease, other: Lease): boolean {
  return one.block === other.block && one.epoch === other.epoch
}

function laneOf(lease: Lease, lane: number, position: number): TenureLane {
  return { lane, block: lease.block, epoch: lease.epoch, committed: position, seen: position }
}
