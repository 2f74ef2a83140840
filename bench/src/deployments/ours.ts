import { createAmbient } from '@banyan/ambient'
import { createGateway } from '@banyan/gateway'
import { defineApp } from '@banyan/module'
import type { Topology } from '@banyan/placement'
import { createLogger, createRuntime, type Runtime, type Store } from '@banyan/runtime'
import { createPostgresStore } from '@banyan/store-postgres'
import { benchFolder } from '../support/database.js'
import { noStore } from '../support/no-store.js'
import { startService } from '../support/service.js'
import type { RecordWait } from './checkout.js'
import { type ServiceName, serviceNames } from './contracts.js'
import { modulesInMemory, modulesWithSql } from './modules.js'
import { connectionsOfEach, type DatabaseAddress } from './process.js'

export interface OneProcessOptions {
  readonly database: DatabaseAddress | undefined
  readonly record: RecordWait
}

/** All modules and the gateway in this process, as `banyan start` composes them. */
export async function startOneProcess({ database, record }: OneProcessOptions): Promise<string> {
  const app = 'one'
  const runtime = createRuntime({
    app: defineApp({ name: app, modules: modulesOf(database, record) as never }),
    store: storeOf(app, database),
    ambient: createAmbient(),
    logger: createLogger({ level: 'warn' }),
    environment: {},
    baseFolder: benchFolder,
    strict: false,
    work: database ? 'all' : 'calls',
  })
  await runtime.start()
  return listen(runtime)
}

const topology: Topology = {
  app: 'services',
  services: serviceNames.map((name) => ({ name, modules: [name], replicas: 1, gateway: name === 'orders' })),
}

/** One of four services; the one that has the orders has the gateway too, as the plain one is asked by HTTP. */
export async function startOneService(
  options: OneProcessOptions & { readonly service: ServiceName; readonly natsUrl: string },
): Promise<string> {
  const { database, record, service, natsUrl } = options
  const runtime = await startService({
    topology,
    service,
    modules: modulesOf(database, record),
    natsUrl,
    store: (app) => storeOf(app, database),
    work: database ? 'all' : 'calls',
  })
  return service === 'orders' ? listen(runtime) : service
}

const modulesOf = (database: DatabaseAddress | undefined, record: RecordWait) =>
  database ? modulesWithSql(record) : modulesInMemory(record)

const storeOf = (app: string, database: DatabaseAddress | undefined): Store =>
  database
    ? createPostgresStore({
        app,
        ambient: createAmbient(),
        connection: database,
        limits: { units: connectionsOfEach },
      })
    : noStore

async function listen(runtime: Runtime): Promise<string> {
  const log = createLogger({ level: 'warn' })
  return (await createGateway({ runtime, ambient: createAmbient(), log, host: '127.0.0.1', port: 0 }).listen()).url
}
