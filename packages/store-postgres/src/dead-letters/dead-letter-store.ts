import type { Ambient } from '@banyan/ambient'
import type { DeadLetterStore } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { onlyValue } from '../connection/rows.js'
import type { ModulePools } from '../module-pools.js'
import { dropLettersPart } from './drop-letters.js'
import { editLetterPart } from './edit-letter.js'
import { letterNumber } from './filter.js'
import { countLettersPart, listAuditPart, listLettersPart, readAudit, readLetters } from './read-letters.js'
import { resubmitLettersPart } from './resubmit-letters.js'

/** All letters are taken in transactions of this size, so that thousands of them hold no locks for long. */
const batch = 500

/** Messages of one module that failed for good. */
export function createDeadLetterStore({ rows, change }: ModulePools, ambient: Ambient): DeadLetterStore {
  const count = async (): Promise<number> => Number(onlyValue(await rows(countLettersPart)))
  /** In batches, and not beyond what there was at the start: letters that come back meanwhile are not taken again. */
  const inBatches = async (part: () => FlightPart): Promise<number> => {
    const bound = await count()
    let total = 0
    while (total < bound) {
      const taken = await change(part())
      total += taken
      if (taken < batch) break
    }
    return total
  }
  return {
    async list(filter, page) {
      return readLetters(await rows(listLettersPart(filter, page)))
    },
    count,
    async get(id) {
      return readLetters(await rows(listLettersPart({ ids: [id] }, { limit: 1 })))[0]
    },
    async edit(id, data, by) {
      const number = letterNumber(id)
      return number !== undefined && (await change(editLetterPart(number, data, by))) === 1
    },
    resubmit: (filter, by) =>
      inBatches(() =>
        resubmitLettersPart(
          filter,
          by,
          Array.from({ length: batch }, () => ambient.newId()),
        ),
      ),
    drop: (filter, by) => inBatches(() => dropLettersPart(filter, by, batch)),
    async audit(limit) {
      return readAudit(await rows(listAuditPart(limit)))
    },
  }
}
