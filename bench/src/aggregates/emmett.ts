import type { EmbeddedServer } from '@banyan/store-postgres'
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql'
import pg from 'pg'
import { type Account, afterBooking, type Booked, emptyAccount } from './account.js'

type BookedEvent = { readonly type: 'booked'; readonly data: Booked & Record<string, unknown> }

export interface Emmett {
  book(account: string, booked: Booked): Promise<void>
  stop(): Promise<void>
}

/** Emmett's event store, in a schema of its own in the same database, with a pool of the same size. */
export async function openEmmett(server: EmbeddedServer, connections: number): Promise<Emmett> {
  const { host, port, user, password, database } = server.connection
  const pool = new pg.Pool({ ...server.connection, max: connections, idleTimeoutMillis: 0 })
  // A connection that the server closes while it is being ended is of no interest.
  pool.on('error', () => undefined)
  const address = new URL('postgresql://localhost')
  Object.assign(address, { username: user, password: password ?? '', pathname: `/${database}` })
  address.searchParams.set('host', host)
  address.searchParams.set('port', String(port))
  const store = getPostgreSQLEventStore(address.href, { connectionOptions: { pooled: true, pool } })
  await store.schema.migrate()
  return {
    async book(account, booked) {
      const { state, currentStreamVersion } = await store.aggregateStream<Account, BookedEvent>(account, {
        initialState: () => emptyAccount,
        evolve: (before: Account, { data }: BookedEvent) => afterBooking(before, data),
      })
      if (state.balance < -1_000_000) throw new Error('The account is overdrawn')
      const event: BookedEvent = { type: 'booked', data: { ...booked } }
      await store.appendToStream<BookedEvent>(account, [event], { expectedStreamVersion: currentStreamVersion })
    },
    async stop() {
      await store.close()
      await pool.end()
    },
  }
}
