import type { Lease, LeaseStore } from '@banyan/runtime'
import { statementFailure } from '../connection/failure.js'
import type { FlightPart } from '../connection/flight.js'
import { type TextRow, textRows } from '../connection/rows.js'
import type { Session } from '../connection/session.js'
import { acquireLeasesPart, readLeases } from './acquire-leases.js'
import { leaseHoldersPart, readHolders } from './lease-holders.js'
import type { LeaseSession } from './lease-session.js'
import { releaseLeasesPart } from './release-leases.js'
import { renewLeasesPart } from './renew-leases.js'

/** Leases of one module, held by one session. All clocks are the database's. */
export function createLeaseStore(holder: LeaseSession, what: string): LeaseStore {
  const rows = async (session: Session, part: FlightPart): Promise<readonly TextRow[]> => {
    try {
      const results = await session.run([part])
      return textRows(results[0])
    } catch (error) {
      throw statementFailure(error, what)
    }
  }
  const run = async (session: Session, part: FlightPart): Promise<Lease[]> => readLeases(await rows(session, part))
  return {
    async acquire(name, blocks, staleMs) {
      return run(await holder.open(), acquireLeasesPart(name, blocks, staleMs))
    },
    async renew() {
      return run(await holder.current(), renewLeasesPart)
    },
    async release(name, blocks) {
      // Leases end with their session, so without one there is nothing to release.
      if (await holder.isOpen()) await run(await holder.current(), releaseLeasesPart(name, blocks))
    },
    async holders(names, staleMs) {
      return readHolders(await rows(await holder.open(), leaseHoldersPart(names, staleMs)))
    },
  }
}
