import type { Ambient } from '@banyan/ambient'
import { problemsError } from '@banyan/errors'
import type { GatewayOptions } from '@banyan/gateway'
import type { Logger } from '@banyan/runtime'
import type { ConnectionOptions } from '@banyan/store-postgres'
import { compose, type Environment, processContext, type RunningApp } from './composition.js'
import { checkApp } from './config/check-app.js'
import type { LoadedApp } from './config/load.js'
import { openDatabase } from './database.js'

export interface StartOptions {
  readonly loaded: LoadedApp
  /** DATABASE_URL, PORT, HOST, LOG_LEVEL, NODE_ENV, and what modules read. Usually `process.env`. */
  readonly environment: Environment
  readonly logger?: Logger
  readonly ambient?: Ambient
  /** False: no HTTP. Default true. */
  readonly gateway?: boolean
  /** False: the gateway is made, and whoever starts the app passes requests to it. Default true. */
  readonly listen?: boolean
  /** Who sends a request to the gateway. Default: nobody is known. */
  readonly identify?: GatewayOptions['identify']
  /** The database. Default: DATABASE_URL of the environment, else the embedded one. */
  readonly connection?: ConnectionOptions
  /** Whether events and durable jobs are worked on. Default `all`. */
  readonly work?: 'all' | 'calls'
  /** Use the embedded database of an app that runs already. Default false. */
  readonly guest?: boolean
}

/**
 * Starts an app in this process, all of its modules: store, runtime, gateway. What was opened is closed again when a later
 * part fails.
 * @throws `invalid-app` with all problems of wiring and settings together, `store-…`, `migration-…`, `port-in-use`
 */
export async function startApp(options: StartOptions): Promise<RunningApp> {
  const { loaded, environment, identify, connection, guest = false } = options
  const problems = checkApp(loaded, environment)
  if (problems.length > 0) throw problemsError('invalid-app', { name: loaded.app.name }, problems)
  const context = processContext(options)
  const { folder, config } = loaded
  const database = await openDatabase({
    folder,
    config,
    environment,
    logger: context.logger,
    guest,
    ...(connection === undefined ? {} : { connection }),
  })
  return compose({
    ...context,
    database,
    gateway: options.gateway === false ? 'none' : options.listen === false ? 'made' : 'listens',
    work: options.work ?? 'all',
    ...(identify === undefined ? {} : { identify }),
  })
}
