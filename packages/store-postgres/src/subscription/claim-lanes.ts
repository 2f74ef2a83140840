import { banyanError } from '@banyan/errors'
import type { LaneProgress, Lease, SubscriptionKey } from '@banyan/runtime'
import { databaseError } from '../connection/failure.js'
import { ownStatement } from '../connection/own-statement.js'
import { textRows } from '../connection/rows.js'
import type { Session } from '../connection/session.js'
import type { SessionPool } from '../connection/session-pool.js'
import { beginPart } from '../unit/begin.js'
import { commitPart, rollbackPart } from '../unit/end.js'
import { readProgress } from './progress.js'

/** Lanes of a lease's block (delivery.md: 8 blocks of 8). */
const lanesPerBlock = 8

const impatient = ownStatement("set local lock_timeout = '100ms'")
const patient = ownStatement("set local lock_timeout = '10s'")
const claim = ownStatement(`
  update banyan_progress p set epoch = $4, timeline = banyan_timeline()
  where p.subscription = $1 and p.source = $2 and p.lane >= $3::int * ${lanesPerBlock}
    and p.lane < ($3::int + 1) * ${lanesPerBlock} and p.epoch <= $4
    and exists (select from banyan_leases l where l.name = $5 and l.block = $3::int and l.epoch = $4)
  returning p.lane, p.position, p.incarnation`)
// Waits a moment, so that the claim behind which it was sent stands in the queue of the lock by then.
const endBlockers = ownStatement(`
  select pg_terminate_backend(b.pid)
  from (select pg_sleep(0.05)) s, lateral (select unnest(pg_blocking_pids($1)) as pid) b`)

const lockNotAvailable = '55P03'

/**
 * Stamps the lanes of a lease with its epoch, and with the timeline of the server: on another one they must be claimed anew. A unit of the last owner can hold them: it is fenced from now on, and if
 * its process was paused in the middle of it, it would hold them until it times out. So who stands in the way for longer
 * than a moment is ended (delivery.md, A subscription).
 * @throws `fenced` when the lease is not the current one any more
 */
export async function claimLanes(
  pools: { readonly units: SessionPool; readonly reader: SessionPool },
  key: SubscriptionKey,
  lease: Lease,
): Promise<LaneProgress[]> {
  const session = await pools.units.acquire()
  try {
    const lanes =
      (await attempt(session, key, lease, impatient)) ?? (await attemptByForce(session, pools.reader, key, lease))
    if (!lanes || lanes.length === 0) throw banyanError('fenced', { what: `block ${lease.block} of ${lease.name}` })
    return lanes.sort((a, b) => a.lane - b.lane)
  } finally {
    pools.units.release(session)
  }
}

async function attempt(
  session: Session,
  key: SubscriptionKey,
  lease: Lease,
  patience: typeof patient,
): Promise<LaneProgress[] | undefined> {
  const values = [key.subscription, key.source, lease.block, lease.epoch, lease.name]
  const quiet = true
  try {
    const results = await session.run([beginPart, { ...patience, quiet }, { ...claim, values, quiet }, commitPart])
    return readProgress(textRows(results[2]))
  } catch (error) {
    if (session.broken === undefined) await session.run([rollbackPart])
    if (databaseError(error)?.code === lockNotAvailable) return undefined
    throw error
  }
}

async function attemptByForce(
  session: Session,
  reader: SessionPool,
  key: SubscriptionKey,
  lease: Lease,
): Promise<LaneProgress[] | undefined> {
  const [lanes] = await Promise.all([
    attempt(session, key, lease, patient),
    reader.run([{ ...endBlockers, values: [session.pid], quiet: true }]),
  ])
  return lanes
}
