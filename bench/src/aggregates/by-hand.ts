import { randomUUID } from 'node:crypto'
import { type EmbeddedServer, schemaName } from '@banyan/store-postgres'
import pg from 'pg'
import { afterBooking, type Booked, emptyAccount } from './account.js'

const statements = {
  begin: { name: 'begin', text: 'begin' },
  load: {
    name: 'load',
    text: `select version, type, schema, data::text, at from banyan_streams
      where aggregate = 'account' and key = $1 order by version`,
  },
  append: {
    name: 'append',
    text: `insert into banyan_streams (aggregate, key, version, type, schema, data, at, context)
      values ('account', $1, $2, 'booked', 1, $3, $4, $5)`,
  },
  commit: { name: 'commit', text: 'commit' },
  rollback: { name: 'rollback', text: 'rollback' },
} as const

export interface ByHand {
  book(account: string, booked: Booked): Promise<void>
  /** The limit: no transaction around, two round trips, nothing decoded that need not be. */
  bookShortly(account: string, booked: Booked): Promise<void>
  stop(): Promise<void>
}

/** `pg` with named statements, on the tables of the module that Banyan runs, so that all meet the same indexes. */
export function openByHand(server: EmbeddedServer, connections: number): ByHand {
  const pool = new pg.Pool({
    ...server.connection,
    max: connections,
    idleTimeoutMillis: 0,
    options: `-c search_path=${schemaName('accounts')}`,
  })
  return {
    async book(account, booked) {
      const client = await pool.connect()
      try {
        await client.query(statements.begin)
        await client.query(await appending(client, account, booked))
        await client.query(statements.commit)
      } catch (error) {
        await client.query(statements.rollback)
        throw error
      } finally {
        client.release()
      }
    },
    async bookShortly(account, booked) {
      const client = await pool.connect()
      try {
        await client.query(await appending(client, account, booked))
      } finally {
        client.release()
      }
    },
    stop: () => pool.end(),
  }
}

async function appending(client: pg.PoolClient, account: string, booked: Booked): Promise<pg.QueryConfig> {
  const { rows } = await client.query<{ version: number; data: string }>({ ...statements.load, values: [account] })
  const state = rows.reduce((before, { data }) => afterBooking(before, JSON.parse(data) as Booked), emptyAccount)
  if (state.balance < -1_000_000) throw new Error('The account is overdrawn')
  const context = JSON.stringify({ correlationId: randomUUID(), causationId: randomUUID() })
  const values = [account, (rows.at(-1)?.version ?? 0) + 1, JSON.stringify(booked), Date.now(), context]
  return { ...statements.append, values }
}
