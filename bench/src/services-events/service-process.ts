import { createAmbient } from '@banyan/ambient'
import { createBrokerEvents } from '@banyan/broker-nats'
import { defineApp } from '@banyan/module'
import { createLogger, createRuntime, type Elsewhere, type Runtime } from '@banyan/runtime'
import { type ConnectionOptions, createPostgresStore } from '@banyan/store-postgres'
import { connect } from '@nats-io/transport-node'
import { lagOf } from '../events/banyan.js'
import { modulesWith } from '../events/modules.js'
import { closedLoop } from '../support/closed-loop.js'
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
  /** At a rate that does not wait for anybody, as far as commits keep up. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly perCommit: number; readonly ms: number }
  /** One event per command, so many commands at a time; answers with how many per second. */
  | { readonly kind: 'commands'; readonly atATime: number; readonly ms: number }
  | { readonly kind: 'one' }
  /** Answers with how many events the subscriber furthest behind has not handled. */
  | { readonly kind: 'lag' }
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
  const logger = createLogger({ level: 'warn' })
  const events = createBrokerEvents({
    logger,
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
    logger,
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
  const value = await carriedOut(order)
  process.send?.({ done: order.kind, at: clock(), value })
}

async function carriedOut(order: Exclude<Order, { readonly kind: 'processor time' }>): Promise<number | undefined> {
  if (order.kind === 'lag') return lagOf(runtime)
  if (order.kind === 'commands') return (await closedLoop(order.atATime, order.ms, () => sell(0, 1))).value
  if (order.kind === 'settled') await runtime.settled(120_000)
  if (order.kind === 'publish') await publish(order.events, order.perCommit)
  if (order.kind === 'pace') return pace(order)
  if (order.kind === 'one') await sell(0, 1)
  return undefined
}

/** Gives how many events were published. */
async function pace({ perSecond, perCommit, ms }: Extract<Order, { readonly kind: 'pace' }>): Promise<number> {
  const begunAt = performance.now()
  let published = 0
  const publisher = async (): Promise<void> => {
    for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - begunAt) {
      if (published > (elapsed / 1_000) * perSecond) await new Promise((done) => setTimeout(done, 1))
      else {
        const first = published
        published += perCommit
        await sell(first, perCommit)
      }
    }
  }
  await Promise.all(Array.from({ length: publishers }, publisher))
  return published
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
