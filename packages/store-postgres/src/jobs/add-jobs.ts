import type { NewJob } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const add = ownStatement(`
  insert into banyan_jobs (id, module, operation, input, run_at, context)
  select j.id, j.module, j.operation, j.input::json, j.run_at, j.context::json
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
    as j (id, module, operation, input, run_at, context)`)

/** Jobs written with the effect that asks for them. */
export function addJobsPart(jobs: readonly NewJob[]): FlightPart {
  const values = [
    textArray(jobs.map((job) => job.id)),
    textArray(jobs.map((job) => job.module)),
    textArray(jobs.map((job) => job.operation)),
    textArray(jobs.map((job) => job.input)),
    numberArray(jobs.map((job) => job.runAt)),
    textArray(jobs.map((job) => job.context)),
  ]
  return { ...add, values, quiet: true }
}
