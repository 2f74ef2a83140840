import { resolve } from 'node:path'
import { type Ambient, createAmbient } from '@banyan/ambient'
import { createGateway, type Gateway } from '@banyan/gateway'
import { modulesOf } from '@banyan/module'
import { createLogger, createRuntime, type Logger, type Runtime, type Store } from '@banyan/runtime'
import { createStore } from '@banyan/store-postgres'
import type { LoadedApp } from './config/load.js'

export interface StartOptions {
  readonly loaded: LoadedApp
  /** DATABASE_URL, PORT, HOST, LOG_LEVEL, NODE_ENV, and what modules read. Usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger?: Logger
  readonly ambient?: Ambient
  /** False: no HTTP. Default true. */
  readonly gateway?: boolean
  /** Whether events and durable jobs are worked on. Default `all`. */
  readonly work?: 'all' | 'calls'
}

/** An app that runs in this process. */
export interface RunningApp {
  readonly runtime: Runtime
  readonly store: Store
  readonly logger: Logger
  /** Where the gateway listens, for example `http://127.0.0.1:3000`; absent without a gateway. */
  readonly url?: string
  /** Not ready, drained, feeds stopped, store closed, in this order. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts an app in this process: store, runtime, gateway. What was opened is closed again when a later part fails.
 * @throws `invalid-app`, `invalid-config`, `store-…`, `migration-…`, `port-in-use`
 */
export async function startApp(options: StartOptions): Promise<RunningApp> {
  const { loaded, environment } = options
  const { config, app, folder } = loaded
  const ambient = options.ambient ?? createAmbient()
  const production = environment.NODE_ENV === 'production'
  const logger =
    options.logger ?? createLogger({ level: (environment.LOG_LEVEL ?? config.log?.level ?? 'info') as 'info' })
  const store = createStore({
    app: app.name,
    ambient,
    logger,
    folder: resolve(folder, config.store?.folder ?? '.banyan/data'),
    ...(environment.DATABASE_URL ? { url: environment.DATABASE_URL } : {}),
    ...(config.store?.connections === undefined ? {} : { connections: config.store.connections }),
  })
  const runtime = createRuntime({
    app,
    store,
    ambient,
    logger,
    environment,
    baseFolder: folder,
    strict: !production,
    work: options.work ?? 'all',
  })
  let gateway: Gateway | undefined
  const stop = once(async () => {
    await gateway?.close(config.stopDeadlineMs)
    await runtime.stop(config.stopDeadlineMs)
  })
  try {
    await runtime.start()
    if (options.gateway === false) return { runtime, store, logger, stop }
    gateway = createGateway({
      runtime,
      routes: new Map(modulesOf(app).map((module) => [module.contract.name, Object.keys(module.routes)])),
      logger,
      ambient,
      host: environment.HOST ?? config.gateway?.host ?? (production ? '0.0.0.0' : '127.0.0.1'),
      port: environment.PORT === undefined ? (config.gateway?.port ?? 3000) : Number(environment.PORT),
      ...config.gateway,
    })
    const { url } = await gateway.listen()
    return { runtime, store, logger, url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= action()
    return done
  }
}
