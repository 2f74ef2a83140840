import type { Lease } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const acquire = ownStatement('select $1, a.block, a.epoch from banyan_acquire($1, $2, $3) a')

/** Must run on the session that is to hold the leases. */
export function acquireLeasesPart(name: string, blocks: readonly number[], staleMs: number): FlightPart {
  return { ...acquire, values: [name, numberArray(blocks), Math.round(staleMs)], quiet: true }
}

export function readLeases(rows: readonly TextRow[]): Lease[] {
  return rows.map(([name, block, epoch]) => ({
    name: name as string,
    block: Number(block),
    epoch: Number(epoch),
  }))
}
