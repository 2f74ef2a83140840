import type { SubscriptionStore } from '@banyan/runtime'
import { onlyValue } from '../connection/rows.js'
import type { ModulePools } from '../module-pools.js'
import { claimLanes } from './claim-lanes.js'
import { guardPart, parkedDeadPart, parkedFailedPart } from './parked-failures.js'
import {
  listParkedPart,
  parkedCountPart,
  parkedDuePart,
  parkedKeysPart,
  parkedNextPart,
  readParked,
  readParkedKeys,
} from './parked-queries.js'
import { ensureProgressPart, readProgress, readProgressPart, resetProgressPart } from './progress.js'

/** Subscriptions of one module: where they stand, and what they set aside. */
export function createSubscriptionStore(pools: ModulePools): SubscriptionStore {
  const { rows, change } = pools
  return {
    async ensure(key, start) {
      return (await change(ensureProgressPart(key, start))) !== 0
    },
    claim: (key, lease) => pools.guarded(() => claimLanes(pools, key, lease)),
    async progress(key) {
      return readProgress(await rows(readProgressPart(key)))
    },
    async reset(key, start) {
      await change(resetProgressPart(key, start))
    },
    async parkedKeys(key, lanes) {
      return readParkedKeys(await rows(parkedKeysPart(key, lanes)))
    },
    async parkedDue(key, lanes, now, limit) {
      return readParked(await rows(parkedDuePart(key, lanes, now, limit)))
    },
    async parkedNext(key, lanes) {
      const at = onlyValue(await rows(parkedNextPart(key, lanes)))
      return at === null ? undefined : Number(at)
    },
    async parkedCount(key) {
      return Number(onlyValue(await rows(parkedCountPart(key))))
    },
    async listParked(filter) {
      return readParked(await rows(listParkedPart(filter)))
    },
    async parkedFailed(event, epoch, failure) {
      await change(guardPart(event, epoch), parkedFailedPart(event, failure))
    },
    async parkedDead(event, epoch, failure) {
      await change(guardPart(event, epoch), parkedDeadPart(event, failure))
    },
  }
}
