import { banyanError } from '@banyan/errors'
import type { Activity } from './activity.js'
import { Bell } from './bell.js'
import type { Feed } from './feed/feed.js'
import type { JobsRunner } from './jobs-runner.js'
import type { DeliveryHost } from './options.js'
import type { Subscription } from './subscription.js'

/** What rests, but is not over, when everything is settled. */
export interface SettledReport {
  /** Parked events whose time has not come. */
  readonly parkedForLater: number
}

export interface SettledParts {
  readonly host: DeliveryHost
  readonly activity: Activity
  readonly feeds: readonly Feed[]
  readonly subscriptions: readonly Subscription[]
  readonly jobs: readonly JobsRunner[]
}

const lookAgainMs = 200

/**
 * Resolves when there is nothing left to do: every event up to the heads is handled or parked for later, nothing is
 * under way, no job is due; and that stayed so from before the look at the database until after it (activity I2). So
 * events that handlers publish, and their events, are waited for too.
 * @throws `deadline-exceeded` that lists what is not settled
 */
export async function settle(parts: SettledParts, timeoutMs: number): Promise<SettledReport> {
  const { activity, host } = parts
  const bell = new Bell()
  let late = false
  const cancel = host.upkeepAfter(timeoutMs, () => {
    late = true
    bell.ring()
  })
  const unwatch = activity.watch(() => bell.ring())
  try {
    for (;;) {
      const serial = activity.serial
      // The database is asked only when memory knows of nothing left to do.
      const known = inMemory(parts)
      const open = known.length > 0 ? known : await lookOnce(parts)
      // Only a look during which nothing moved counts.
      if (open.length === 0 && activity.serial === serial && activity.busy === 0) return report(parts)
      if (late) throw unsettled(open)
      await bell.wait(lookAgainMs, host.upkeepAfter)
    }
  } finally {
    cancel()
    unwatch()
  }
}

function report({ subscriptions }: SettledParts): SettledReport {
  return { parkedForLater: subscriptions.reduce((sum, one) => sum + (one.tenure?.parked.total ?? 0), 0) }
}

function unsettled(open: readonly string[]): Error {
  const what = open.length > 0 ? open.join('; ') : 'work keeps coming'
  return banyanError('deadline-exceeded', { operation: `settled (${what})` }, { details: { unsettled: open } })
}

/** Everything that is not at rest, in words. */
async function lookOnce(parts: SettledParts): Promise<string[]> {
  const { feeds, subscriptions, jobs } = parts
  await Promise.all(feeds.map((feed) => feed.refresh()))
  const found = await Promise.all([
    ...subscriptions.map((subscription) => lookAtSubscription(parts, subscription)),
    ...jobs.map(async (runner) => ((await runner.isDue()) ? [`${runner.module}: a job is due`] : [])),
  ])
  // Last, and without waiting, so that it tells of the same moment as the serial.
  return [...found.flat(), ...inMemory(parts)]
}

function inMemory({ activity, subscriptions }: SettledParts): string[] {
  const open: string[] = []
  for (const { tenure, setting } of subscriptions)
    if (tenure && tenure.lag > 0)
      open.push(`${setting.what}: ${tenure.lag} events are not handled yet${whyNot(tenure)}`)
  if (activity.busy > 0) open.push(`${activity.busy} batches or jobs are under way`)
  return open
}

function whyNot(tenure: NonNullable<Subscription['tenure']>): string {
  const reason = tenure.full ?? tenure.trouble
  return reason === undefined ? '' : ` (${reason})`
}

async function lookAtSubscription({ host, feeds }: SettledParts, subscription: Subscription): Promise<string[]> {
  const { plan, store, what } = subscription.setting
  const { tenure } = subscription
  const lanes = tenure ? tenure.laneNumbers : []
  const open: string[] = []
  if (lanes.length > 0) {
    const due = await store.subscriptions.parkedDue(plan.key, lanes, host.ambient.now(), 1)
    if (due.length > 0) {
      open.push(`${what}: a parked event is due`)
      // It may have come from outside: then nobody here knows of it yet.
      subscription.wake()
    }
  }
  if (lanes.length === 64) return open
  // Lanes that another process holds: what it stored is all that can be known.
  const heads = feeds.find((feed) => feed.source === plan.key.source)?.heads ?? []
  let behind = 0
  for (const { lane, position } of await store.subscriptions.progress(plan.key))
    if (!lanes.includes(lane)) behind += Math.max(0, (heads[lane] ?? 0) - position)
  const { state, reason } = subscription.health()
  if (behind > 0) open.push(`${what}: ${behind} events are not handled yet (${state}${reason ? `: ${reason}` : ''})`)
  return open
}
