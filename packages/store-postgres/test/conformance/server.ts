import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { startCluster } from '../migrate/cluster.js'

/** A server that the suite runs on, as its superuser sees it. It asks every role for its password. */
export interface TestServer {
  readonly connection: ServerConnection
  stop(): Promise<void>
}

export interface ServerConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** Durability is not what this suite is about; without it, it takes a third of the time. */
const quick = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

export async function embeddedServer(): Promise<TestServer> {
  const folder = mkdtempSync('/var/tmp/banyan-conformance-')
  const server = await startEmbedded({ dataDir: join(folder, 'data'), settings: { ...quick, max_connections: '200' } })
  return {
    connection: server.connection,
    async stop() {
      await server.stop()
      await removeEmbedded(join(folder, 'data'))
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Debian's server, which lets anybody in until it is told to ask for passwords. */
export async function debianServer(): Promise<TestServer> {
  const cluster = await startCluster('15', ['max_connections=200', 'synchronous_commit=off'])
  const password = 'the admin of the tests'
  const client = await cluster.connect()
  await client.query(`alter role postgres password '${password}'`)
  writeFileSync(join(cluster.folder, 'data', 'pg_hba.conf'), 'local all all scram-sha-256\n')
  await client.query('select pg_reload_conf()')
  await client.end()
  const { host, port, user, database } = cluster.config() as ServerConnection
  return { connection: { host, port, user, database, password }, stop: () => cluster.stop() }
}

/** Does something as the server's administrator, on a connection of its own. */
export async function asAdmin<Result>(
  connection: ServerConnection,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
