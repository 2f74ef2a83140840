import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Ambient } from '@banyan/ambient'
import { locateNatsServer } from '@banyan/broker-nats'
import {
  type AccessEnvironment,
  databaseEnvironment,
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
import { closeInOrder, type Logger } from '@banyan/runtime'
import { type ConnectionOptions, preparePostgres, type StoreLogins } from '@banyan/store-postgres'
import { failureText } from '../output.js'
import { makeStreams } from '../services/make-streams.js'
import { OwnedBroker } from './broker.js'
import type { PrepareContext, Prepared } from './run-up.js'

type Environment = Readonly<Record<string, string | undefined>>

export interface PrepareOptions extends PrepareContext {
  readonly loaded: LoadedApp
  readonly topology: Topology
  /** That of `up`, which knows the admin of the database. */
  readonly environment: Environment
  readonly ambient: Ambient
  readonly logger: Logger
  /** How long the embedded database outlives an `up` that was killed. */
  readonly orphanGraceMs: number
}

/** What services need, and what the environment of each is to hold. */
export interface PreparedServices extends Prepared {
  environmentOf(service: string): AccessEnvironment
}

/**
 * Makes ready what services need, as who may do all: database with roles and migrations, broker with the permissions that
 * follow from contracts and topology, streams. What was started is ended again when a later step fails, or when `up` is told
 * to stop: at once, so that what works on it fails instead of being waited for.
 */
export async function prepareServices(options: PrepareOptions): Promise<PreparedServices> {
  const { loaded, environment, logger, orphanGraceMs, tell, stopping } = options
  const closing: (() => Promise<void>)[] = []
  const notClosed = (error: unknown): void => tell(failureText(error))
  const close = (): Promise<void> => closeInOrder(closing.splice(0).reverse(), notClosed)
  let early: Promise<void> | undefined
  const closeEarly = (): void => {
    early = close()
    early.catch(() => undefined) // told below
  }
  stopping.addEventListener('abort', closeEarly, { once: true })
  // Found out before a database is made.
  if (!environment.NATS_URL) await locateNatsServer(environment)
  try {
    stopping.throwIfAborted()
    const { folder, config } = loaded
    const database = await openDatabase({ folder, config, environment, logger, orphanGraceMs })
    closing.push(() => database.close())
    stopping.throwIfAborted()
    const { owned, ...broker } = await openBroker(options)
    if (owned) closing.push(() => owned.stop())
    stopping.throwIfAborted()
    const access = broker.access?.()
    const logins = await prepareDatabase(options, database, access)
    const url = databaseUrl(database.connection)
    await makeStreams(loaded, options.topology, options.ambient, access?.deployEnvironment ?? { NATS_URL: broker.url })
    stopping.throwIfAborted()
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
    await early?.catch(notClosed)
    await close().catch(notClosed)
    // What failed then did so because of the stop.
    throw stopping.aborted ? stopping.reason : error
  } finally {
    stopping.removeEventListener('abort', closeEarly)
  }
}

const upFolder = ({ folder }: LoadedApp): string => join(folder, '.banyan', 'up')

/** Where the broker of `up` has its files. */
export const brokerFolder = (loaded: LoadedApp): string => join(upFolder(loaded), 'nats')

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
async function openBroker(options: PrepareOptions): Promise<Broker> {
  const { loaded, environment, ambient, tell, guard } = options
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
  const folder = upFolder(loaded)
  const prepare = (url?: string): PreparedAccess =>
    prepareAccess({ loaded, environment: { ...environment, NATS_URL: url }, folder, now: ambient.now() })
  const config = prepare().natsConfiguration()
  const onProcess = (pid: number): void => guard.watchBroker(pid)
  const owned = await OwnedBroker.start({ folder: brokerFolder(loaded), config, ambient, onProcess, onTrouble: tell })
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
