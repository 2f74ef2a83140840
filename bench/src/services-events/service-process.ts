import { createAmbient } from '@banyan/ambient'
import { createBrokerEvents } from '@banyan/broker-nats'
import { defineApp } from '@banyan/module'
import { createLogger, createRuntime, type Elsewhere, type Runtime } from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore } from '@banyan/store-postgres'
import { connect } from '@nats-io/transport-node'
import { modulesWith } from '../events/modules.js'
import { benchFolder } from '../support/database.js'
import { countProcessorTime } from '../support/processor-time.js'

/** What the process is, as its only argument, in JSON. */
export interface ServiceSetting {
  readonly app: string
  readonly hosts: readonly string[]
  readonly connection: ConnectionOptions
  readonly natsUrl: string
}

export type Order =
  | { readonly kind: 'publish'; readonly events: number; readonly perCommit: number }
  | { readonly kind: 'one' }
  | { readonly kind: 'settled' }
  | { readonly kind: 'processor time' }

/** Commits under way at a time. */
const publishers = 4

/** The clock that all processes of the machine share, milliseconds. */
const clock = (): number => performance.timeOrigin + performance.now()

const setting = JSON.parse(process.argv[2] ?? '{}') as ServiceSetting
process.on('disconnect', () => process.exit(0))
const runtime = await start()
const processorTime = countProcessorTime()
process.on('message', (order: Order) => void handle(order))
process.send?.({ ready: true })

/**
 * A service with some of the modules. What it misses of the stream of `sales` it reads from the log itself, in place of
 * requests to the other process: there are none while the stream flows.
 */
async function start(): Promise<Runtime> {
  const { app, hosts, connection, natsUrl } = setting
  const ambient = createAmbient({
    reached: (point, details) => {
      if (point === 'feed.after-commit' && details?.module === 'spending') process.send?.({ handledAt: clock() })
      return undefined
    },
  })
  const events = createBrokerEvents({
    connection: await connect({ servers: natsUrl, noAsyncTraces: true }),
    app,
    accounts: false,
  })
  const sources = createPostgresStore({ app, connection, ambient })
  if (!hosts.includes('sales'))
    await sources.open([{ name: 'sales' }, { name: 'orders', migrations: `${benchFolder}/migrations/orders` }])
  const elsewhere: Elsewhere = {
    source: (module) => ({
      ...sources.module(module).log,
      ...(module === 'sales' ? { stream: events.source(module) } : {}),
    }),
    stream: (module) => (module === 'sales' ? events.stream(module) : undefined),
    route: () => Promise.reject(new Error('There are no routes')),
  }
  const made = createRuntime({
    app: defineApp({ name: app, modules: modulesWith(2) as never }),
    store: createPostgresStore({ app, ambient, connection }),
    ambient,
    logger: createLogger({ level: 'warn' }),
    environment: {},
    baseFolder: benchFolder,
    strict: false,
    hosts,
    elsewhere,
  })
  await made.start()
  return made
}

async function handle(order: Order): Promise<void> {
  if (order.kind === 'processor time') return void process.send?.({ processorTime: processorTime() })
  if (order.kind === 'settled') await runtime.settled(120_000)
  if (order.kind === 'publish') await publish(order.events, order.perCommit)
  if (order.kind === 'one') await sell(0, 1)
  process.send?.({ done: order.kind, at: clock() })
}

async function publish(events: number, perCommit: number): Promise<void> {
  let next = 0
  const publisher = async (): Promise<void> => {
    while (next < events) {
      const first = next
      next += perCommit
      await sell(first, perCommit)
    }
  }
  await Promise.all(Array.from({ length: publishers }, publisher))
}

async function sell(first: number, count: number): Promise<void> {
  const outcome = await runtime.execute({ module: 'sales', operation: 'sell', input: { first, count } })
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
}
