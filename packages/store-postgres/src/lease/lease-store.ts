import type { Lease, LeaseStore } from '@banyan/runtime'
import { statementFailure } from '../connection/failure.js'
import type { FlightPart } from '../connection/flight.js'
import { textRows } from '../connection/rows.js'
import type { Session } from '../connection/session.js'
import { acquireLeasesPart, readLeases } from './acquire-leases.js'
import type { LeaseSession } from './lease-session.js'
import { releaseLeasesPart } from './release-leases.js'
import { renewLeasesPart } from './renew-leases.js'

/** Leases of one module, held by one session. All clocks are the database's. */
export function createLeaseStore(holder: LeaseSession, what: string): LeaseStore {
  const run = async (session: Session, part: FlightPart): Promise<Lease[]> => {
    try {
      const results = await session.run([part])
      return readLeases(textRows(results[0]))
    } catch (error) {
      throw statementFailure(error, what)
    }
  }
  return {
    async acquire(name, blocks, staleMs) {
      return run(await holder.open(), acquireLeasesPart(name, blocks, staleMs))
    },
    async renew() {
      return run(await holder.current(), renewLeasesPart)
    },
    async release(name) {
      // Leases end with their session, so without one there is nothing to release.
      if (await holder.isOpen()) await run(await holder.current(), releaseLeasesPart(name))
    },
  }
}
