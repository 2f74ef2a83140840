import { randomUUID } from 'node:crypto'
import { createAmbient } from '@banyan/ambient'
import { type AnyModule, defineApp } from '@banyan/module'
import { createLogger, createRuntime, type Runtime } from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore } from '@banyan/store-postgres'
import { benchFolder } from '../support/database.js'
import type { Place } from './orders.js'

export interface AppOptions {
  readonly app: string
  readonly connection: ConnectionOptions
  readonly modules: readonly AnyModule[]
  /** Connections of each module for units of work. Default: that of the store. */
  readonly connections?: number
}

/** The modules in this process as `banyan start` runs them, without HTTP. */
export async function startModules({ app, connection, modules, connections }: AppOptions): Promise<Runtime> {
  const ambient = createAmbient()
  const runtime = createRuntime({
    app: defineApp({ name: app, modules: [...modules] as never }),
    store: createPostgresStore({
      app,
      ambient,
      connection,
      ...(connections === undefined ? {} : { limits: { units: connections } }),
    }),
    ambient,
    logger: createLogger({ level: 'warn' }),
    environment: {},
    baseFolder: benchFolder,
    strict: false,
  })
  await runtime.start()
  return runtime
}

/** Places an order under an id, as a gateway does with an Idempotency-Key: the outcome is recorded. */
export async function placeOrder(runtime: Runtime, input: Place): Promise<void> {
  const outcome = await runtime.execute({ module: 'orders', operation: 'place', input, id: randomUUID() })
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
}
