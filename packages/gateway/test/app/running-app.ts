import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { defineApp, defineModule, modulesOf } from '@banyan/module'
import { createLogger, createRuntime, type Identity, type Runtime } from '@banyan/runtime'
import { createPostgresStore, removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import { z } from 'zod'
import { createGateway, type Gateway, rawRoutesOf } from '../../src/index.js'

const order = z.object({ orderId: z.uuid(), customer: z.string(), total: z.number().int() })

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: {
    // #region http
    place: {
      input: z.object({ customer: z.string().min(1), total: z.number().int() }),
      output: z.object({ orderId: z.uuid() }),
      errors: { tooExpensive: { status: 409, message: 'At most {limit}', details: z.object({ limit: z.number() }) } },
      http: 'POST /orders',
      access: ['order:write'],
    },
    // #endregion
    wait: { http: 'POST /waits', access: 'public' },
    fault: { http: 'POST /faults', access: 'public' },
  },
  queries: {
    byId: {
      input: z.object({ orderId: z.uuid() }),
      output: order.nullable(),
      http: 'GET /orders/{orderId}',
      access: 'public',
    },
    count: { output: z.object({ count: z.number().int() }), http: 'GET /orders', access: 'public' },
  },
})

/** What the handlers of the app tell the test. */
export interface Watch {
  waiting: (signal: AbortSignal) => void
}

function ordersModule(watch: Watch) {
  return defineModule(orders, {
    migrations: 'migrations',
    commands: {
      async place({ customer, total }, { sql, newId, fail }) {
        if (total > 100) throw fail.tooExpensive({ limit: 100 })
        const orderId = newId()
        await sql`insert into orders (id, customer, total) values (${orderId}, ${customer}, ${total})`
        return { orderId }
      },
      async wait(_input, { signal }) {
        watch.waiting(signal)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      },
      async fault() {
        throw new Error('password is hunter2')
      },
    },
    queries: {
      async byId({ orderId }, { sql }) {
        const row = await sql<{
          id: string
          customer: string
          total: number
        }>`select * from orders where id = ${orderId}`.first()
        return row ? { orderId: row.id, customer: row.customer, total: row.total } : null
      },
      async count(_input, { sql }) {
        return sql<{ count: number }>`select count(*)::integer as count from orders`.one()
      },
    },
    routes: {
      'POST /uploads': {
        access: 'public',
        handler: async (request: Request) => new Response((await request.text()).toUpperCase(), { status: 201 }),
      },
    },
  })
}

export interface RunningApp {
  readonly runtime: Runtime
  readonly gateway: Gateway
  readonly url: string
  stop(): Promise<void>
}

/** One module over embedded PostgreSQL behind a gateway on a free port. */
export async function runApp(watch: Watch, identify: () => Identity | undefined): Promise<RunningApp> {
  const folder = mkdtempSync('/var/tmp/banyan-gateway-')
  const server = await startEmbedded({ dataDir: join(folder, 'data'), settings: { fsync: 'off' } })
  const ambient = createAmbient()
  const app = defineApp({ name: 'market', modules: [ordersModule(watch)] })
  const logger = createLogger({ level: 'silent' })
  const store = createPostgresStore({ app: app.name, connection: server.connection, ambient })
  const baseFolder = fileURLToPath(new URL('.', import.meta.url))
  const runtime = createRuntime({ app, store, ambient, logger, environment: {}, baseFolder })
  await runtime.start()
  // #region gateway
  const gateway = createGateway({
    runtime,
    ambient,
    log: logger,
    port: 0,
    identify,
    routes: rawRoutesOf(modulesOf(app)),
  })
  const { url } = await gateway.listen()
  // #endregion
  return {
    runtime,
    gateway,
    url,
    async stop() {
      await gateway.close(100)
      await runtime.stop(100)
      await server.stop()
      await removeEmbedded(join(folder, 'data'))
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
