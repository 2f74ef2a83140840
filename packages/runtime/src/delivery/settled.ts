import { banyanError, isBanyanError } from '@banyan/errors'
import { laneCount } from '../call/lane.js'
import type { SettledReport } from '../lifecycle/types.js'
import type { Activity } from './activity.js'
import { Bell } from './bell.js'
import type { Feed } from './feed/feed.js'
import type { JobsRunner } from './jobs-runner.js'
import type { DeliveryHost } from './options.js'
import type { Subscription } from './subscription.js'

export interface SettledParts {
  readonly host: DeliveryHost
  readonly activity: Activity
  readonly feeds: readonly Feed[]
  readonly subscriptions: readonly Subscription[]
  readonly jobs: readonly JobsRunner[]
}

const lookAgainMs = 200
const allLanes: readonly number[] = Array.from({ length: laneCount }, (_, lane) => lane)

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
      const { open, parkedForLater } = known.length > 0 ? { open: known, parkedForLater: 0 } : await look(parts)
      // Only a look during which nothing moved counts.
      if (open.length === 0 && activity.serial === serial && activity.busy === 0)
        return { parkedForLater, moves: serial }
      if (late) throw unsettled(open)
      await bell.wait(lookAgainMs, host.upkeepAfter)
    }
  } finally {
    cancel()
    unwatch()
  }
}

function unsettled(open: readonly string[]): Error {
  const what = open.length > 0 ? open.join('; ') : 'work keeps coming'
  return banyanError('deadline-exceeded', { operation: `settled (${what})` }, { details: { unsettled: open } })
}

interface Look {
  /** Everything that is not at rest, in words. */
  readonly open: readonly string[]
  readonly parkedForLater: number
}

/** A store that cannot be read just now is not at rest either: it is asked again until the time is up. */
async function look(parts: SettledParts): Promise<Look> {
  try {
    return await lookOnce(parts)
  } catch (error) {
    if (!isBanyanError(error) || !error.retryable) throw error
    return { open: [`the store cannot be read: ${error.message}`], parkedForLater: 0 }
  }
}

async function lookOnce(parts: SettledParts): Promise<Look> {
  const { feeds, subscriptions, jobs } = parts
  await Promise.all(feeds.map((feed) => feed.refresh()))
  const found = await Promise.all(subscriptions.map((subscription) => lookAtSubscription(parts, subscription)))
  const due = await Promise.all(
    jobs.map(async (runner) => ((await runner.isDue()) ? [`${runner.module}: a job is due`] : [])),
  )
  // Last, and without waiting, so that it tells of the same moment as the serial.
  const open = [...found.flatMap((look) => look.open), ...due.flat(), ...inMemory(parts)]
  return { open, parkedForLater: found.reduce((sum, look) => sum + look.parkedForLater, 0) }
}

function inMemory({ activity, subscriptions }: SettledParts): string[] {
  const open: string[] = []
  for (const { notBegun, setting } of subscriptions)
    if (notBegun !== undefined) open.push(`${setting.what}: not begun yet (${notBegun})`)
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

async function lookAtSubscription({ host, feeds }: SettledParts, subscription: Subscription): Promise<Look> {
  const { plan, store, what } = subscription.setting
  const open: string[] = []
  // Of all lanes: what is parked in those that nobody holds yet, or another process holds, is not at rest either.
  const due = await store.subscriptions.parkedDue(plan.key, allLanes, host.ambient.now(), 1)
  if (due.length > 0) {
    open.push(`${what}: a parked event is due`)
    // It may have come from outside: then nobody here knows of it yet.
    subscription.wake()
  }
  const parkedForLater = await store.subscriptions.parkedCount(plan.key)
  const held = subscription.tenure?.laneNumbers ?? []
  if (held.length === laneCount) return { open, parkedForLater }
  // Of lanes that are not held here, what was stored is all that can be known.
  const heads = feeds.find((feed) => feed.source === plan.key.source)?.heads ?? []
  let behind = 0
  for (const { lane, position } of await store.subscriptions.progress(plan.key))
    if (!held.includes(lane)) behind += Math.max(0, (heads[lane] ?? 0) - position)
  const { state, reason } = subscription.health()
  if (behind > 0) open.push(`${what}: ${behind} events are not handled yet (${state}${reason ? `: ${reason}` : ''})`)
  return { open, parkedForLater }
}
