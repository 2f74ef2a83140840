import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type BanyanError, isBanyanError } from '@banyan/errors'
import type { Logger } from '@banyan/runtime'
import { attachEmbedded, type ConnectionOptions, startEmbedded } from '@banyan/store-postgres'
import type { Config } from './config/define.js'

/** A database that is there: where, and what ends with it. */
export interface OpenDatabase {
  readonly kind: 'embedded' | 'server'
  readonly connection: ConnectionOptions
  /** What another process needs in its environment to use the same database. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Resolves, never rejects, when it is gone for good: with nothing once it was closed; with the reason when the embedded
   * server, which belongs to this process, ended by itself again and again. A database of others is theirs to look after.
   */
  readonly closed: Promise<BanyanError | undefined>
  /** Stops the embedded server if it was started here. */
  close(): Promise<void>
}

export interface OpenDatabaseOptions {
  /** Folder that relative paths of the configuration begin at. */
  readonly folder: string
  readonly config: Config
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /**
   * A running app may own the embedded database already: then be a guest of it, instead of failing with `store-in-use`.
   * For tools beside it. Default false.
   */
  readonly guest?: boolean
  /** How long an embedded server outlives this process when that is killed, milliseconds. Default 60,000. */
  readonly orphanGraceMs?: number
  /** A server that is known already: neither DATABASE_URL nor the embedded database is looked at. */
  readonly connection?: ConnectionOptions
}

// How `banyan dev` hands the database, which outlives reloads, to the app.
const handedVariable = 'BANYAN_STORE_CONNECTION'

/** Where the embedded database of an app lies: the environment variable BANYAN_DATA wins over the configuration. */
export function dataFolder({
  folder,
  config,
  environment,
}: Pick<OpenDatabaseOptions, 'folder' | 'config' | 'environment'>): string {
  return resolve(folder, environment.BANYAN_DATA || (config.store?.folder ?? '.banyan/data'))
}

/** Whether there is a database to look at: a server, or a data folder that was used before. Makes nothing. */
export function hasDatabase({ folder, config, environment }: Omit<OpenDatabaseOptions, 'logger'>): boolean {
  return (
    Boolean(environment.DATABASE_URL || environment[handedVariable]) ||
    existsSync(dataFolder({ folder, config, environment }))
  )
}

/** What the passwords of the modules' roles are derived from, where that is not the password of the admin. */
export function storeSecret(environment: OpenDatabaseOptions['environment']): { readonly secret?: string } {
  const secret = environment.BANYAN_STORE_SECRET
  return secret ? { secret } : {}
}

/**
 * Opens the database of an app: the server in DATABASE_URL, or an embedded one in its data folder.
 * @throws `store-in-use` and the other errors of starting the embedded server
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenDatabase> {
  const { environment, logger, connection } = options
  if (connection) return databaseOfOthers('server', connection)
  const url = environment.DATABASE_URL
  if (url) return databaseOfOthers('server', { connectionString: url })
  const handed = environment[handedVariable]
  if (handed) return databaseOfOthers('embedded', JSON.parse(handed) as ConnectionOptions)
  const dataDir = dataFolder(options)
  try {
    const server = await startEmbedded({
      dataDir,
      ...(options.orphanGraceMs === undefined ? {} : { orphanGraceMs: options.orphanGraceMs }),
      log: ({ level, message, ...fields }) => logger[level](fields, message),
    })
    return {
      kind: 'embedded',
      connection: server.connection,
      environment: handing(server.connection),
      closed: server.closed.then(({ error }) => error),
      close: () => server.stop(),
    }
  } catch (error) {
    const running = options.guest && isBanyanError(error, 'store-in-use') ? attachEmbedded(dataDir) : undefined
    if (running) return databaseOfOthers('embedded', running)
    throw error
  }
}

/** A database that this process only uses: closing it ends nothing. */
export function databaseOfOthers(kind: OpenDatabase['kind'], connection: ConnectionOptions): OpenDatabase {
  let end: () => void = () => undefined
  const closed = new Promise<undefined>((done) => {
    end = () => done(undefined)
  })
  const environment = kind === 'embedded' ? handing(connection) : {}
  return { kind, connection, environment, closed, close: async () => end() }
}

function handing(connection: ConnectionOptions): Readonly<Record<string, string>> {
  return { [handedVariable]: JSON.stringify(connection) }
}
