import type { NewJob } from '@banyan/runtime'
import { numberArray, textArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

/** The call by itself, for statements that make it under another name of the schema. */
export const addJobsCall = 'banyan_add_jobs($1, $2, $3, $4, $5, $6)'
const add = ownStatement(`select ${addJobsCall}`)

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
