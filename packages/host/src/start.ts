import { type Ambient, createAmbient } from '@banyan/ambient'
import { problemsError } from '@banyan/errors'
import { createGateway, type Gateway, type GatewayLimits, type GatewayOptions, rawRoutesOf } from '@banyan/gateway'
import { modulesOf } from '@banyan/module'
import { createLogger, createRuntime, type Logger, type Runtime, type Store } from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore } from '@banyan/store-postgres'
import { checkApp } from './config/check-app.js'
import type { GatewayConfig } from './config/define.js'
import { deliverySettings } from './config/delivery.js'
import type { LoadedApp } from './config/load.js'
import { policyPlacement } from './config/policies.js'
import { openDatabase, storeSecret } from './database.js'

export interface StartOptions {
  readonly loaded: LoadedApp
  /** DATABASE_URL, PORT, HOST, LOG_LEVEL, NODE_ENV, and what modules read. Usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
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

/** An app that runs in this process. */
export interface RunningApp {
  readonly runtime: Runtime
  readonly store: Store
  readonly logger: Logger
  /** Absent with `gateway: false`. */
  readonly gateway?: Gateway
  /** Where the gateway listens, for example `http://127.0.0.1:3000`; absent without a gateway. */
  readonly url?: string
  /** Not ready, drained, feeds stopped, store closed, in this order. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts an app in this process: store, runtime, gateway. What was opened is closed again when a later part fails.
 * @throws `invalid-app` with all problems of wiring and settings together, `store-…`, `migration-…`, `port-in-use`
 */
export async function startApp(options: StartOptions): Promise<RunningApp> {
  const { loaded, environment } = options
  const { config, app, folder } = loaded
  const problems = checkApp(loaded, environment)
  if (problems.length > 0) throw problemsError('invalid-app', { name: app.name }, problems)
  const ambient = options.ambient ?? createAmbient()
  const production = environment.NODE_ENV === 'production'
  const level = environment.LOG_LEVEL ?? config.log?.level ?? 'info'
  const logger = options.logger ?? createLogger({ level: level as 'info' })
  const database = await openDatabase({
    folder,
    config,
    environment,
    logger,
    guest: options.guest ?? false,
    ...(options.connection === undefined ? {} : { connection: options.connection }),
  })
  const store = createPostgresStore({
    app: app.name,
    ambient,
    kind: database.kind,
    connection: database.connection,
    ...storeSecret(environment),
    log: ({ level: severity, message, ...fields }) => logger[severity](fields, message),
    limits: config.store?.connections === undefined ? {} : { units: config.store.connections },
  })
  const placement = policyPlacement(loaded, { ambient, logger, environment })
  const runtime = createRuntime({
    app,
    store,
    ambient,
    logger,
    environment,
    baseFolder: folder,
    strict: !production,
    work: options.work ?? 'all',
    delivery: deliverySettings(config.delivery),
    ...(placement === undefined ? {} : { placement }),
  })
  let gateway: Gateway | undefined
  const stop = once(async () => {
    await gateway?.close(config.stopDeadlineMs)
    await runtime.stop(config.stopDeadlineMs)
    await database.close()
  })
  try {
    await runtime.start()
    if (options.gateway === false) return { runtime, store, logger, stop }
    gateway = createGateway({
      runtime,
      ambient,
      log: logger,
      routes: rawRoutesOf(modulesOf(app)),
      ...(options.identify === undefined ? {} : { identify: options.identify }),
      ...gatewayOptions(config.gateway ?? {}, environment, production),
    })
    if (options.listen === false) return { runtime, store, logger, gateway, stop }
    const { url } = await gateway.listen()
    return { runtime, store, logger, gateway, url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function gatewayOptions(config: GatewayConfig, environment: StartOptions['environment'], production: boolean) {
  const limits: Partial<GatewayLimits> = {
    ...(config.bodyLimitBytes === undefined ? {} : { bodyBytes: config.bodyLimitBytes }),
    ...(config.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: config.requestTimeoutMs }),
  }
  return {
    limits,
    host: environment.HOST ?? config.host ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: environment.PORT === undefined ? (config.port ?? 3000) : Number(environment.PORT),
    ...(config.docs === undefined ? {} : { docs: config.docs }),
    ...(config.trustProxy === undefined ? {} : { trustProxy: config.trustProxy }),
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= action()
    return done
  }
}
