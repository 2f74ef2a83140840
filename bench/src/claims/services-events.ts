import { join } from 'node:path'
import { ensureStreams, startNatsServer } from '@banyan/broker-nats'
import type { Runtime } from '@banyan/runtime'
import type { ConnectionOptions, EmbeddedServer } from '@banyan/store-postgres'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import { startModules } from '../command/banyan.js'
import { modulesWith } from '../events/modules.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative } from '../harness/types.js'
import { ServiceProcess } from '../services-events/processes.js'
import { openDatabase } from '../support/database.js'

const eventsPerTurn = 20_000
const perCommit = 20
const publishers = 4
const deliveries = 400
const pauseMs = 15

interface Opened {
  readonly source: ServiceProcess
  readonly subscribers: ServiceProcess
  readonly together: Runtime
}

async function newDatabase(server: EmbeddedServer, name: string): Promise<ConnectionOptions> {
  const client = new pg.Client({ ...server.connection })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return { ...server.connection, database: name }
}

function apart({ source, subscribers }: Opened): Alternative {
  return {
    name: 'Banyan, publisher and subscribers in two processes',
    role: 'ours',
    async measure() {
      const before = (await source.processorTime()) + (await subscribers.processorTime())
      const begunAt = performance.now()
      await source.order({ kind: 'publish', events: eventsPerTurn, perCommit })
      const publishedIn = performance.now() - begunAt
      await subscribers.order({ kind: 'settled' })
      const tookMs = performance.now() - begunAt
      const spent = (await source.processorTime()) + (await subscribers.processorTime()) - before
      return {
        value: (eventsPerTurn / tookMs) * 1_000,
        details: { 'published/s': (eventsPerTurn / publishedIn) * 1_000, 'Node CPU µs': spent / eventsPerTurn },
      }
    },
  }
}

function together({ together: runtime }: Opened): Alternative {
  return {
    name: 'Banyan, all in one process',
    role: 'variant',
    async measure() {
      const begunAt = performance.now()
      let next = 0
      const publisher = async (): Promise<void> => {
        while (next < eventsPerTurn) {
          const input = { first: next, count: perCommit }
          next += perCommit
          const outcome = await runtime.execute({ module: 'sales', operation: 'sell', input })
          if (!outcome.ok) throw new Error(outcome.error.message)
        }
      }
      await Promise.all(Array.from({ length: publishers }, publisher))
      const publishedIn = performance.now() - begunAt
      await runtime.settled(120_000)
      return {
        value: (eventsPerTurn / (performance.now() - begunAt)) * 1_000,
        details: { 'published/s': (eventsPerTurn / publishedIn) * 1_000, 'Node CPU µs': 0 },
      }
    },
  }
}

/** From the end of the command in one process to the commit of the effect in the other, one event at a time. */
async function observeDelivery(run: Run, { source, subscribers }: Opened): Promise<void> {
  const took: number[] = []
  for (let count = 0; count < deliveries; count++) {
    const handled = subscribers.handledAt()
    const committedAt = await source.order({ kind: 'one' })
    took.push((await handled) - committedAt)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  took.sort((a, b) => a - b)
  const at = (share: number): string => `${(took[Math.floor(took.length * share)] as number).toFixed(1)} ms`
  run.observe({
    what: 'delivery of one event while nothing else happens, p50 / p99',
    value: `${at(0.5)} / ${at(0.99)}`,
  })
}

async function open(): Promise<OpenClaim> {
  const { server, folder, stop } = await openDatabase('services-events')
  const nats = await startNatsServer({ folder: join(folder, 'nats'), config: 'max_payload: 2MB' })
  const admin = await connect({ servers: nats.url })
  const app = 'bench'
  await ensureStreams({ app, plans: [{ module: 'sales' }], admin: () => admin })
  const natsVersion = admin.info?.version ?? ''
  await admin.close()
  const connection = await newDatabase(server, 'apart')
  const setting = { app, connection, natsUrl: nats.url }
  const source = await ServiceProcess.start({ ...setting, hosts: ['sales', 'orders'] })
  const subscribers = await ServiceProcess.start({ ...setting, hosts: ['spending', 'loyalty'] })
  const runtime = await startModules({
    app: 'together',
    connection: await newDatabase(server, 'together'),
    modules: modulesWith(2),
  })
  const opened = { source, subscribers, together: runtime }
  return {
    versions: { PostgreSQL: server.version, NATS: natsVersion },
    async measure(run) {
      await run.compare({
        title: 'Published 20 per commit, one upsert per event in each of two modules of another process',
        unit: 'events/s',
        better: 'higher',
        warmUps: 1,
        alternatives: [apart(opened), together(opened)],
        targets: [{ kind: 'at-least', value: 5_000 }],
      })
      await observeDelivery(run, opened)
    },
    async close() {
      source.stop()
      subscribers.stop()
      await runtime.stop(1_000)
      await nats.stop()
      await stop()
    },
  }
}

await runClaim(
  {
    name: 'services-events',
    says: 'events reach their effect in two modules of another process at 5,000 per second',
    packages: ['pg', '@nats-io/transport-node'],
    notes: [
      'One embedded PostgreSQL with fsync on and one NATS server with a file stream, on the same machine. From the first',
      'publication to the commit of the last effect, in both subscribers; each runs one upsert for each event, in its own',
      'transactions with its progress. The relay of the publishing process publishes each event to the stream. What a',
      'subscriber misses of it, it reads from the log in the database, in place of a request to the other process.',
      'The time of one delivery is taken from the end of the command, which is after its commit.',
    ],
  },
  open,
)
