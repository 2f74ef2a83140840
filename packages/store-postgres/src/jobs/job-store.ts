import type { JobStore } from '@banyan/runtime'
import { onlyValue } from '../connection/rows.js'
import type { ModulePools } from '../module-pools.js'
import {
  dueJobsPart,
  jobDeadPart,
  jobDonePart,
  jobFailedPart,
  listJobsPart,
  nextJobPart,
  readJobs,
  removeJobPart,
} from './job-statements.js'

/** Jobs of one module: durable calls that wait for their time. */
export function createJobStore({ rows, change }: ModulePools): JobStore {
  return {
    async due(now, limit, except) {
      return readJobs(await rows(dueJobsPart(now, limit, except)))
    },
    async next() {
      const at = onlyValue(await rows(nextJobPart))
      return at === null ? undefined : Number(at)
    },
    async list(limit) {
      return readJobs(await rows(listJobsPart(limit)))
    },
    async done(id) {
      await change(jobDonePart(id))
    },
    async failed(id, failure) {
      await change(jobFailedPart(id, failure))
    },
    async dead(id, failure) {
      await change(jobDeadPart(id, failure))
    },
    async cancel(id) {
      return (await change(removeJobPart(id))) === 1
    },
  }
}
