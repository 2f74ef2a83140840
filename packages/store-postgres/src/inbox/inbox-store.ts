import type { InboxStore } from '@banyan/runtime'
import type { ModulePools } from '../module-pools.js'
import { findOutcomePart, readOutcome } from './find-outcome.js'
import { pruneOutcomesPart } from './prune-outcomes.js'

/** Outcomes of the commands of one module. */
export function createInboxStore({ rows, change }: ModulePools): InboxStore {
  return {
    async find(id) {
      return readOutcome(await rows(findOutcomePart(id)))
    },
    async prune(before, limit) {
      return change(pruneOutcomesPart(before, limit))
    },
  }
}
