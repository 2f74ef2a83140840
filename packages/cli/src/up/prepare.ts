import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Ambient } from '@banyan/ambient'
import { locateNatsServer } from '@banyan/broker-nats'
import {
  type AccessEnvironment,
  databaseEnvironment,
  closeInOrder,
  type LoadedApp,
  type OpenDatabase,
  openDatabase,
  type PreparedAccess,
  prepareAccess,
  readAccess,
  storeModules,
  storeSecret,
} from '@banyan/host'
import type { Topology } from '@banyan/placement'
import type { Logger } from '@banyan/runtime'
import { type ConnectionOptions, preparePostgres, type StoreLogins } from '@banyan/store-postgres'
import { failureText } from '../output.js'
import { makeStreams } from '../services/make-streams.js'
import { OwnedBroker } from './broker.js'
import type { Prepared } from './run-up.js'

type Environment = Readonly<Record<string, string | undefined>>

export interface PrepareOptions {
  readonly loaded: LoadedApp
  readonly topology: Topology
  /** That of `up`, which knows the admin of the database. */
  readonly environment: Environment
  readonly ambient: Ambient
  readonly logger: Logger
  /** How long the embedded database outlives an `up` that was killed. */
  readonly orphanGraceMs: number
  readonly tell: (line: string) => void
}

/** What services need, and what the environment of each is to hold. */
export interface PreparedServices extends Prepared {
  environmentOf(service: string): AccessEnvironment
}

/**
 * Makes ready what services need, as who may do all: database with roles and migrations, broker with the permissions that
 * follow from contracts and topology, streams. What was started is ended again when a later step fails.
 */
export async function prepareServices(options: PrepareOptions): Promise<PreparedServices> {
  const { loaded, environment, logger, orphanGraceMs, tell } = options
  const closing: (() => Promise<void>)[] = []
  const notClosed = (error: unknown): void => tell(failureText(error))
  const close = (): Promise<void> => closeInOrder(closing.splice(0).reverse(), notClosed)
  // Found out before a database is made.
  if (!environment.NATS_URL) await locateNatsServer(environment)
  try {
    const { folder, config } = loaded
    const database = await openDatabase({ folder, config, environment, logger, orphanGraceMs })
    closing.push(() => database.close())
    const { owned, ...broker } = await openBroker(options)
    if (owned) closing.push(() => owned.stop())
    const access = broker.access?.()
    const logins = await prepareDatabase(options, database, access)
    const url = databaseUrl(database.connection)
    await makeStreams(loaded, options.topology, options.ambient, access?.deployEnvironment ?? { NATS_URL: broker.url })
    return {
      lines: [`database   PostgreSQL, ${database.kind}`, `broker     ${broker.told}`],
      observer: access?.observerEnvironment ?? { NATS_URL: broker.url },
      environmentOf: (service) => ({
        ...(access?.environmentOf(service) ?? { NATS_URL: broker.url }),
        ...databaseEnvironment(url, loginsOf(options, service, logins)),
      }),
      ...(owned ? { broker: owned } : {}),
      closed: database.closed,
      close,
    }
  } catch (error) {
    await close().catch(notClosed)
    throw error
  }
}

interface Broker {
  readonly url: string
  /** Finds the keys for it; absent: it asks for none. */
  readonly access?: () => PreparedAccess
  readonly told: string
  readonly owned?: OwnedBroker
}

/**
 * The server of NATS_URL, with the keys that `banyan access emit` wrote where it did; else a server of this `up`, which
 * lets nobody do more than contracts and topology say.
 */
async function openBroker({ loaded, environment, ambient, tell }: PrepareOptions): Promise<Broker> {
  const { NATS_URL: url } = environment
  const emitted = join(loaded.folder, '.banyan', 'access')
  if (url)
    return existsSync(emitted)
      ? {
          url,
          access: () => readAccess({ loaded, environment, folder: emitted }),
          told: `${shown(url)}, with the keys in ${emitted}`,
        }
      : { url, told: `${shown(url)}, without permissions: banyan access emit writes them` }
  const folder = join(loaded.folder, '.banyan', 'up')
  const prepare = (url?: string): PreparedAccess =>
    prepareAccess({ loaded, environment: { ...environment, NATS_URL: url }, folder, now: ambient.now() })
  const config = prepare().natsConfiguration()
  const owned = await OwnedBroker.start({ folder: join(folder, 'nats'), config, ambient, onTrouble: tell })
  const told = `nats-server of this \`up\` (${owned.url})`
  return { url: owned.url, access: () => prepare(owned.url), owned, told }
}

/** Who a server lets in may stand in its address. */
const shown = (url: string): string => url.replaceAll(/\/\/[^@/,]*@/g, '//')

/** Of the modules that a service hosts, and of no others. */
function loginsOf({ topology }: PrepareOptions, service: string, logins: StoreLogins): StoreLogins {
  const modules = topology.services.find(({ name }) => name === service)?.modules ?? []
  return Object.fromEntries(Object.entries(logins).filter(([module]) => modules.includes(module)))
}

/** @returns as whom modules log in: nobody runs a service as the admin of the database */
async function prepareDatabase(
  { loaded, environment, ambient, logger }: PrepareOptions,
  { connection }: OpenDatabase,
  access: PreparedAccess | undefined,
): Promise<StoreLogins> {
  const secret = storeSecret(environment).secret ?? access?.keyring.storeSecret
  return preparePostgres(
    {
      app: loaded.app.name,
      connection,
      ambient,
      log: ({ level, message, ...fields }) => logger[level](fields, message),
      ...(secret === undefined ? {} : { secret }),
    },
    storeModules(loaded),
  )
}

/** The address of a database that is there, for processes that log in by themselves. */
function databaseUrl(connection: ConnectionOptions): string {
  if ('connectionString' in connection) return connection.connectionString
  const { host, port, database } = connection
  const url = new URL(`postgresql://localhost/${encodeURIComponent(database)}`)
  url.port = String(port)
  // A folder of a socket is no name of a host.
  if (host.startsWith('/')) url.searchParams.set('host', host)
  else url.hostname = host
  return url.href
}
