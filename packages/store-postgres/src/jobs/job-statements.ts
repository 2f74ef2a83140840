import type { Job } from '@banyan/runtime'
import { textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const columns = 'id, module, operation, input, run_at, context, attempts, error'

const due = ownStatement(`
  select ${columns} from banyan_jobs where run_at <= $1 and id <> all ($3::uuid[]) order by run_at, id limit $2`)
const next = ownStatement('select min(run_at) from banyan_jobs')
const list = ownStatement(`select ${columns} from banyan_jobs order by run_at, id limit $1`)
const remove = ownStatement('delete from banyan_jobs where id = $1')
// Not synced: a deletion that a power cut takes back means that the job is called once more under its id, whose outcome
// its callee recorded for good before (P4), and is deleted again.
const done = ownStatement(`
  delete from banyan_jobs where id = $1 and set_config('synchronous_commit', 'off', true) is not null`)
const failed = ownStatement('update banyan_jobs set attempts = attempts + 1, error = $2, run_at = $3 where id = $1')
const dead = ownStatement(`
  with gone as (delete from banyan_jobs where id = $1 returning *)
  insert into banyan_dead_letters
    (kind, source, message_id, type, data, at, context, error, attempts, died_at)
  select 'job', module, id, operation, input, run_at, context, $2::json, attempts + 1, $3::bigint from gone`)

export function dueJobsPart(now: number, limit: number, except: readonly string[]): FlightPart {
  return { ...due, values: [now, limit, textArray(except)], quiet: true }
}

export const nextJobPart: FlightPart = { ...next, quiet: true }

export function listJobsPart(limit: number): FlightPart {
  return { ...list, values: [limit], quiet: true }
}

export function removeJobPart(id: string): FlightPart {
  return { ...remove, values: [id], quiet: true }
}

/** Removes a job whose success is recorded under its id. */
export function jobDonePart(id: string): FlightPart {
  return { ...done, values: [id], quiet: true }
}

export function jobFailedPart(id: string, failure: { error: string; nextAt: number }): FlightPart {
  return { ...failed, values: [id, failure.error, failure.nextAt], quiet: true }
}

export function jobDeadPart(id: string, failure: { error: string; at: number }): FlightPart {
  return { ...dead, values: [id, failure.error, failure.at], quiet: true }
}

export function readJobs(rows: readonly TextRow[]): Job[] {
  return rows.map(([id, module, operation, input, runAt, context, attempts, error]) => ({
    id: id as string,
    module: module as string,
    operation: operation as string,
    input: input as string,
    runAt: Number(runAt),
    context: context as string,
    attempts: Number(attempts),
    ...(error == null ? {} : { error }),
  }))
}
