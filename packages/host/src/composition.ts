/**
 * What a process of an app is put together from: database, store, runtime, and what it has of a gateway, a mesh to other
 * processes, and a probe. One composition for the whole app in one process and for one service of many.
 *
 * I1 Parts are opened from the inside out, so that nothing is asked of what is not there; nobody is told that the process
 *    is ready before all are.
 * I2 A stop says first that the process is not ready, then takes nothing new, lets what was taken end, and closes from the
 *    outside in, all within one deadline, and each part whatever became of those before. What was acknowledged is in the
 *    database.
 * I3 What was opened is closed again when a later part fails, and that failure is the one that is told.
 */
import { type Ambient, createAmbient } from '@banyan/ambient'
import type { BanyanError } from '@banyan/errors'
import { createGateway, type Gateway, type GatewayLimits, type GatewayOptions, rawRoutesOf } from '@banyan/gateway'
import { modulesOf } from '@banyan/module'
import type { Mesh } from '@banyan/placement'
import {
  closeInOrder,
  createLogger,
  createRuntime,
  type LaneSharing,
  type Logger,
  type Placement,
  type Runtime,
  type Store,
} from '@banyan/runtime'
import { createPostgresStore, type StoreLogins } from '@banyan/store-postgres'
import { deliverySettings } from './config/delivery.js'
import type { LoadedApp } from './config/load.js'
import { policyPlacement } from './config/policies.js'
import { type OpenDatabase, storeSecret } from './database.js'
import { withMesh } from './service/with-mesh.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** What every part of a process needs. */
export interface ProcessContext {
  readonly loaded: LoadedApp
  readonly environment: Environment
  readonly ambient: Ambient
  readonly logger: Logger
}

/** The mesh of a process that runs some of the modules. */
export interface ComposedMesh {
  readonly connected: Mesh
  readonly hosts: readonly string[]
  /** What delivers the calls of this process, over what delivers to the modules here. */
  readonly placement: (here: Placement) => Placement
  /** Which part of the events is this process's, among the replicas of its service. */
  readonly sharing: LaneSharing
}

export interface CompositionOptions extends ProcessContext {
  readonly database: OpenDatabase
  /** How to log in as each module; absent: the database is opened as its admin. */
  readonly logins?: StoreLogins
  /** Whether there is HTTP: made and listening, made only, or none. */
  readonly gateway: 'listens' | 'made' | 'none'
  readonly identify?: GatewayOptions['identify']
  /** Whether events and durable jobs are worked on. */
  readonly work: 'all' | 'calls'
  /** What reaches the other processes, and the modules that run in this one. Absent: all run here. */
  readonly mesh?: ComposedMesh
  /** Where probes and scrapers are answered, apart from the gateway. */
  readonly probe?: { readonly host: string; readonly port: number }
}

/** An app, or a part of it, that runs in this process. */
export interface RunningApp {
  readonly runtime: Runtime
  readonly store: Store
  readonly logger: Logger
  /** Absent where the process has none. */
  readonly gateway?: Gateway
  /** Where the gateway listens, for example `http://127.0.0.1:3000`; absent without a gateway. */
  readonly url?: string
  /** Where probes and scrapers are answered; absent without a probe. */
  readonly probeUrl?: string
  /**
   * Resolves, never rejects, when its database is gone for good: with nothing after a stop; else with the reason, and the app
   * is then to be stopped, since nothing works any more.
   */
  readonly closed: Promise<BanyanError | undefined>
  /** Not ready, drained, feeds stopped, store closed, in this order. Idempotent. */
  stop(): Promise<void>
}

const stopDeadlineMs = 10_000

/** The ambient and the logger of a process, where it was given none. */
export function processContext(options: {
  readonly loaded: LoadedApp
  readonly environment: Environment
  readonly ambient?: Ambient
  readonly logger?: Logger
}): ProcessContext {
  const { loaded, environment } = options
  const level = environment.LOG_LEVEL ?? loaded.config.log?.level ?? 'info'
  return {
    loaded,
    environment,
    ambient: options.ambient ?? createAmbient(),
    logger: options.logger ?? createLogger({ level: level as 'info' }),
  }
}

/** Whether the process serves people, so that a mistake is logged instead of ending what it is in. */
export const isProduction = ({ NODE_ENV }: Environment): boolean => NODE_ENV === 'production'

/** Puts a process together and starts it (I1). The database and the mesh are its own from now on (I3). */
export async function compose(options: CompositionOptions): Promise<RunningApp> {
  const { loaded, ambient, logger, database, mesh } = options
  const opened: { runtime?: Runtime; gateway?: Gateway; probe?: Gateway } = {}
  const notClosed = (error: unknown): void => logger.error({ err: error }, 'a part could not be closed')
  const stop = once(async () => {
    const until = ambient.monotonic() + (loaded.config.stopDeadlineMs ?? stopDeadlineMs)
    const left = (): number => Math.max(0, until - ambient.monotonic())
    // I2
    await closeInOrder(
      [
        () => opened.probe?.drain(),
        () => opened.gateway?.close(left()),
        () => mesh?.connected.drain(left()),
        () => opened.runtime?.stop(left()),
        () => mesh?.connected.close(),
        () => database.close(),
        () => opened.probe?.close(0),
      ],
      notClosed,
    )
  })
  try {
    const store = openStore(options)
    const runtime = openRuntime(options, store)
    opened.runtime = runtime
    await runtime.start()
    await mesh?.connected.serve(runtime)
    const reached = mesh ? withMesh(runtime, mesh.connected) : runtime
    const running = { runtime, store, logger, closed: database.closed, stop }
    const edge = options.gateway === 'none' ? undefined : openGateway(options, reached)
    if (edge) opened.gateway = edge
    const url = options.gateway === 'listens' ? (await edge?.listen())?.url : undefined
    if (options.probe) opened.probe = createProbe({ runtime: reached, ambient, logger, ...options.probe })
    const probeUrl = (await opened.probe?.listen())?.url
    return {
      ...running,
      ...(edge === undefined ? {} : { gateway: edge }),
      ...(url === undefined ? {} : { url }),
      ...(probeUrl === undefined ? {} : { probeUrl }),
    }
  } catch (error) {
    await stop().catch(notClosed) // I3
    throw error
  }
}

function openStore({ loaded, environment, ambient, logger, database, logins }: CompositionOptions): Store {
  const { app, config } = loaded
  return createPostgresStore({
    app: app.name,
    ambient,
    kind: database.kind,
    connection: database.connection,
    ...storeSecret(environment),
    ...(logins === undefined ? {} : { logins }),
    log: ({ level, message, ...fields }) => logger[level](fields, message),
    limits: config.store?.connections === undefined ? {} : { units: config.store.connections },
  })
}

function openRuntime(options: CompositionOptions, store: Store): Runtime {
  const { loaded, environment, ambient, logger, work, mesh } = options
  const hosts = mesh?.hosts
  const policies = policyPlacement(loaded, { ambient, logger, environment, ...(hosts && { hosts }) })
  const placement = (here: Placement): Placement => {
    const reached = mesh ? mesh.placement(here) : here
    return policies ? policies(reached) : reached
  }
  return createRuntime({
    app: loaded.app,
    store,
    ambient,
    logger,
    environment,
    baseFolder: loaded.folder,
    strict: !isProduction(environment),
    work,
    delivery: deliverySettings(loaded.config.delivery),
    placement,
    ...(mesh && { hosts: mesh.hosts, elsewhere: mesh.connected, ...mesh.sharing }),
  })
}

function openGateway(
  { loaded, environment, ambient, logger, identify }: CompositionOptions,
  runtime: Runtime,
): Gateway {
  const { config, app } = loaded
  const { bodyLimitBytes, requestTimeoutMs, docs, trustProxy, host, port } = config.gateway ?? {}
  const limits: Partial<GatewayLimits> = {
    ...(bodyLimitBytes === undefined ? {} : { bodyBytes: bodyLimitBytes }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  }
  return createGateway({
    runtime,
    ambient,
    log: logger,
    routes: rawRoutesOf(modulesOf(app)),
    limits,
    host: environment.HOST ?? host ?? defaultHost(environment),
    port: environment.PORT === undefined ? (port ?? 3000) : Number(environment.PORT),
    ...(identify === undefined ? {} : { identify }),
    ...(docs === undefined ? {} : { docs }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
  })
}

function createProbe(options: {
  readonly runtime: Runtime
  readonly ambient: Ambient
  readonly logger: Logger
  readonly host: string
  readonly port: number
}): Gateway {
  const { logger, ...rest } = options
  return createGateway({ ...rest, log: logger, serves: 'health' })
}

/** Where a process listens when nothing says otherwise: for itself while it is developed, for everybody in production. */
export const defaultHost = (environment: Environment): string => (isProduction(environment) ? '0.0.0.0' : '127.0.0.1')

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= action()
    return done
  }
}
