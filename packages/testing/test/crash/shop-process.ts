import { createInterface } from 'node:readline'
import { createAmbient } from '@banyan/ambient'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger, createRuntime, type ExternalCall } from '@banyan/runtime'
import { createPostgresStore, startEmbedded } from '@banyan/store-postgres'
import { ordersModule, shopFolder, stockModule } from '../shop/app.js'
import { mail, orders } from '../shop/contracts.js'

/**
 * The shop as a process of its own on an embedded database, for tests that kill it. It takes calls as lines of JSON and
 * answers each with a line; the line `settle` is answered when nothing is left to do, not even later.
 * Arguments: data folder. Environment: CRASH_AT (a fault point), CRASH_PASS (at which time of passing it; default 1).
 */
const [dataDir = ''] = process.argv.slice(2)
const { CRASH_AT: crashAt, CRASH_PASS: crashPass = '1' } = process.env
let passed = 0

const base = createAmbient({
  reached(point) {
    if (point === crashAt && ++passed === Number(crashPass)) process.kill(process.pid, 'SIGKILL')
  },
})
// Waits between attempts are drawn by chance up to a second: chance is small here, so that nobody waits.
const ambient = { ...base, random: () => base.random() * 0.05 }

const attempts = new Map<string, number>()

// Twice: in a batch, then by itself; after that it has been set aside.
const failures = 2

/** Events of one of the goods fail at first, so that they are parked and later ones of their key wait. */
const mailModule = defineModule(mail, {
  listens: { orders },
  migrations: 'mail',
  commands: {
    async remind({ orderId }, { sql }) {
      await sql`insert into sent (order_id, kind, position) values (${orderId}, 'reminder', 0)`
    },
  },
  queries: { sent: () => [] },
  on: {
    orders: {
      async placed({ orderId, sku }, { sql, event, later }) {
        const attempt = (attempts.get(event.id) ?? 0) + 1
        attempts.set(event.id, attempt)
        if (sku === 'sku-3' && attempt <= failures) throw new Error('Not at the first attempts')
        await sql`insert into seen (event_id, sku, position) values (${event.id}, ${sku}, ${event.position})`
        await sql`insert into sent (order_id, kind, position) values (${orderId}, 'placed', ${event.position})`
        later.mail.remind({ orderId })
      },
    },
  },
})

const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const server = await startEmbedded({ dataDir })
const app = defineApp({ name: 'shop', modules: [ordersModule, stockModule, mailModule] })
const logger = createLogger({ level: (process.env.LOG_LEVEL ?? 'silent') as 'silent' })
const store = createPostgresStore({ app: 'shop', connection: server.connection, ambient })
const runtime = createRuntime({ app, store, ambient, logger, environment: {}, baseFolder: shopFolder })
await runtime.start()
tell({ ready: server.pid })

async function settle(): Promise<void> {
  for (;;) {
    const { parkedForLater } = await runtime.settled(60_000)
    if (parkedForLater === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  if (line === 'settle') {
    await settle()
    tell({ settled: true })
  } else if (line === 'pid') tell({ ready: server.pid })
  else if (line === 'stop') {
    await runtime.stop()
    await server.stop()
    process.exit(0)
  } else {
    const call = JSON.parse(line) as ExternalCall
    const outcome = await runtime.execute(call)
    tell({ id: call.id, ok: outcome.ok, ...(outcome.ok ? {} : { error: outcome.error }) })
  }
})
