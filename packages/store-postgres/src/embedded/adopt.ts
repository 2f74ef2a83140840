import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Endpoint } from './endpoint.js'
import { systemCode } from './failures.js'
import type { Home } from './home.js'
import type { NativePackage } from './native-package.js'
import { superuser } from './password.js'
import { endServer, observe, type Postmaster } from './postmaster.js'
import { isServing, readPostmasterFile } from './postmaster-file.js'
import { settingsFile, settingsFileName } from './settings.js'
import type { EmbeddedConnection, EmbeddedLog } from './types.js'
import { waitFor } from './wait.js'

export interface Adopted {
  readonly postmaster: Postmaster
  readonly endpoint: Endpoint
}

interface Wanted {
  readonly home: Home
  readonly native: NativePackage
  readonly programs: string
  readonly transport: 'socket' | 'loopback' | undefined
  readonly settings: Readonly<Record<string, string>>
  readonly password: string | undefined
  readonly log: EmbeddedLog
}

/**
 * Takes over the server that a killed process left, if it is what a new one would be: our cluster, our password, the
 * same version and settings. Otherwise it is shut down, in order. Must be called by the owner of the home.
 */
export async function adoptServer(wanted: Wanted): Promise<Adopted | undefined> {
  const { home, log } = wanted
  const file = readPostmasterFile(home)
  if (file === undefined || !isServing(home, file)) return undefined
  const postmaster = observe(file.pid)
  const endpoint: Endpoint = file.socketFolder
    ? { host: file.socketFolder, port: file.port, transport: 'socket' }
    : { host: '127.0.0.1', port: file.port, transport: 'loopback' }
  const obstacle = await obstacleTo(wanted, endpoint)
  if (obstacle === undefined) {
    log({ level: 'info', message: 'Took over the PostgreSQL that a killed process left running', pid: file.pid })
    return { postmaster, endpoint }
  }
  log({
    level: 'info',
    message: `Stopping the PostgreSQL that a killed process left running: ${obstacle}`,
    pid: file.pid,
  })
  await endServer(wanted, postmaster)
  return undefined
}

async function obstacleTo(wanted: Wanted, endpoint: Endpoint): Promise<string | undefined> {
  const { home, native, transport, settings, password } = wanted
  if (transport !== undefined && transport !== endpoint.transport) return 'another transport is wanted'
  if (password === undefined) return 'its password was lost'
  if (writtenSettings(home) !== settingsFile(home, endpoint, settings)) return 'its settings changed'
  const connection: EmbeddedConnection = connectionTo(endpoint, password)
  const facts = await askServer(connection)
  if (typeof facts === 'string') return facts
  if (realpathSync(facts.cluster) !== realpathSync(home.cluster)) return 'it serves another folder'
  return facts.version === native.serverVersion ? undefined : `it is version ${facts.version}`
}

function writtenSettings(home: Home): string | undefined {
  try {
    return readFileSync(join(home.folder, settingsFileName), 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

export function connectionTo({ host, port }: Endpoint, password: string): EmbeddedConnection {
  return { host, port, user: superuser, password, database: 'postgres' }
}

export interface ServerFacts {
  readonly cluster: string
  readonly version: string
}

/** What the server says about itself when asked with our password; in words, why it does not answer. */
export async function askServer(connection: EmbeddedConnection): Promise<ServerFacts | string> {
  let problem = 'it does not answer'
  // A server that is starting or recovering says so and is asked again, for a minute.
  const facts = await waitFor<ServerFacts | 'refused'>(
    async () => {
      const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
      client.on('error', (error) => {
        problem = error.message
      })
      try {
        await client.connect()
        const { rows } = await client.query<ServerFacts>(
          "select current_setting('data_directory') as cluster, split_part(current_setting('server_version'), ' ', 1) as version",
        )
        return rows[0]
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error)
        return systemCode(error) === '57P03' ? undefined : 'refused'
      } finally {
        await client.end().catch(() => undefined) // it may never have been connected
      }
    },
    { everyMs: 100, attempts: 600 },
  )
  return facts === undefined || facts === 'refused' ? problem : facts
}
