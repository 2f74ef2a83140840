import type { Ambient } from '@banyan/ambient'
import { banyanError, type Problem, problemsError } from '@banyan/errors'
import type { GatewayOptions } from '@banyan/gateway'
import type { ServicePlan } from '@banyan/placement'
import type { Logger } from '@banyan/runtime'
import {
  compose,
  defaultHost,
  type Environment,
  type ProcessContext,
  processContext,
  type RunningApp,
} from '../composition.js'
import { checkApp } from '../config/check-app.js'
import type { LoadedApp } from '../config/load.js'
import { topologyOf } from '../config/services/topology.js'
import { databaseOfOthers, type OpenDatabase, openDatabase } from '../database.js'
import { type Connected, type ConnectOptions, connectService, leave } from './connect.js'
import { readServiceEnvironment, type ServiceEnvironment } from './environment.js'

export interface ServiceOptions {
  readonly loaded: LoadedApp
  /** Which of the topology's services this process is. */
  readonly service: string
  /** As for `startApp`, and NATS_URL, BANYAN_NATS_…, BANYAN_STORE_LOGINS, PROBE_PORT, PROBE_HOST. Usually `process.env`. */
  readonly environment: Environment
  /** Default: over NATS. */
  readonly connect?: (options: ConnectOptions) => Promise<Connected>
  readonly logger?: Logger
  readonly ambient?: Ambient
  /** Who sends a request to the gateway. Default: nobody is known. */
  readonly identify?: GatewayOptions['identify']
}

/**
 * Starts one service of the app's topology in this process: its modules, or the HTTP gateway, with calls and events to the
 * others through the broker. What was opened is closed again when a later part fails.
 * @throws `unknown-service`, `invalid-config`, `invalid-app` with all problems of wiring, settings and environment together,
 * `broker-unreachable`, and what `startApp` throws
 */
export async function startService(options: ServiceOptions): Promise<RunningApp> {
  const { loaded, service, environment, identify } = options
  const topology = topologyOf(loaded)
  const plan = topology.services.find(({ name }) => name === service)
  if (!plan)
    throw banyanError('unknown-service', { service, known: topology.services.map(({ name }) => name).join(', ') })
  const { told, problems } = checkService(loaded, environment, plan)
  if (!told) throw problemsError('invalid-app', { name: loaded.app.name }, problems)
  const given = processContext(options)
  const context = { ...given, logger: given.logger.child({ service }) }
  const { mesh, placement, sharing } = await (options.connect ?? connectService)({
    ...context,
    topology,
    plan,
    broker: told.broker,
    ...(told.lane && { lane: told.lane }),
  })
  const probe = probeOf(loaded, environment)
  return compose({
    ...context,
    database: await databaseOf(context, plan).catch(async (error: unknown) => {
      await leave(mesh, context.logger)
      throw error
    }),
    // Nobody's data is in a service without modules, so nobody logs in.
    ...(plan.modules.length === 0 ? { logins: {} } : told.logins === undefined ? {} : { logins: told.logins }),
    gateway: plan.gateway ? 'listens' : 'none',
    work: 'all',
    mesh: { connected: mesh, hosts: plan.modules, placement, sharing },
    ...(probe === undefined ? {} : { probe }),
    ...(identify === undefined ? {} : { identify }),
  })
}

async function databaseOf(
  { loaded, environment, logger }: ProcessContext,
  { modules }: ServicePlan,
): Promise<OpenDatabase> {
  const { folder, config } = loaded
  if (modules.length > 0) return openDatabase({ folder, config, environment, logger })
  return databaseOfOthers('server', { host: '', port: 0, user: '', database: '' })
}

function checkService(
  loaded: LoadedApp,
  environment: Environment,
  plan: ServicePlan,
): { readonly problems: readonly Problem[]; readonly told?: ServiceEnvironment } {
  const { problems: own, service } = readServiceEnvironment(environment, plan.modules)
  const problems = [...checkApp(loaded, environment, plan.modules), ...own]
  return problems.length > 0 || !service ? { problems } : { problems, told: service }
}

const defaultProbePort = 9_090

function probeOf({ config }: LoadedApp, environment: Environment): { host: string; port: number } | undefined {
  const port = environment.PROBE_PORT ? Number(environment.PROBE_PORT) : (config.probe?.port ?? defaultProbePort)
  if (port === 0) return undefined
  return { port, host: environment.PROBE_HOST || (config.probe?.host ?? defaultHost(environment)) }
}
