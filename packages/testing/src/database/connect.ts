import { banyanError } from '@banyan/errors'
import type { ConnectionOptions } from '@banyan/store-postgres'
import pg from 'pg'

/** The same server, another database. */
export function toDatabase(connection: ConnectionOptions, database: string): ConnectionOptions {
  if (!('connectionString' in connection)) return { ...connection, database }
  const url = new URL(connection.connectionString)
  url.pathname = `/${database}`
  return { connectionString: url.href }
}

/** Runs work on a connection of its own. */
export async function withClient<Value>(
  connection: ConnectionOptions,
  work: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  const client = new pg.Client(connection)
  // A connection that breaks rejects the statement that runs; there is nothing more to tell.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    const summary = error instanceof Error && error.message ? error.message : String(error)
    throw banyanError('store-unreachable', { target: `${client.host}:${client.port}`, summary }, { cause: error })
  }
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
