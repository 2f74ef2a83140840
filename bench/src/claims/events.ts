import type { Runtime } from '@banyan/runtime'
import type { ConnectionOptions, EmbeddedServer } from '@banyan/store-postgres'
import pg from 'pg'
import { startModules } from '../command/banyan.js'
import { publishAndSettle } from '../events/banyan.js'
import { type ByHandEvents, openByHandEvents } from '../events/by-hand.js'
import { alone, aloneName, keepUp } from '../events/keep-up.js'
import { modulesWith } from '../events/modules.js'
import { observeShedding } from '../events/shed.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative, Role } from '../harness/types.js'
import { openDatabase } from '../support/database.js'
import { countProcessorTime } from '../support/processor-time.js'

const eventsPerTurn = 10_000

interface Opened {
  readonly apps: readonly Runtime[]
  readonly slow: Runtime
  /** By number of subscribers. */
  readonly byHand: readonly { readonly each: ByHandEvents; readonly merged: ByHandEvents }[]
}

/** Each app has a database of its own on the one server, since they have modules of the same names. */
async function newDatabase(server: EmbeddedServer, name: string): Promise<ConnectionOptions> {
  const client = new pg.Client({ ...server.connection })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return { ...server.connection, database: name }
}

async function openAll(server: EmbeddedServer): Promise<Opened> {
  const apps: Runtime[] = []
  const byHand: { each: ByHandEvents; merged: ByHandEvents }[] = []
  for (const subscribers of [0, 1, 2]) {
    const connection = await newDatabase(server, `app_${subscribers}`)
    apps.push(await startModules({ app: `bench${subscribers}`, connection, modules: modulesWith(subscribers) }))
    byHand.push({
      each: await openByHandEvents(await newDatabase(server, `each_${subscribers}`), subscribers, false),
      merged: await openByHandEvents(await newDatabase(server, `merged_${subscribers}`), subscribers, true),
    })
  }
  const connection = await newDatabase(server, 'slow')
  return { apps, byHand, slow: await startModules({ app: 'slow', connection, modules: modulesWith(1, 20) }) }
}

function throughput(name: string, role: Role, publish: (events: number) => Promise<void>): Alternative {
  return {
    name,
    role,
    async measure() {
      const processorTime = countProcessorTime()
      const begunAt = performance.now()
      await publish(eventsPerTurn)
      return {
        value: eventsPerTurn / ((performance.now() - begunAt) / 1_000),
        details: { 'Node CPU µs': processorTime() / eventsPerTurn },
      }
    },
  }
}

async function compareThroughput(run: Run, { apps, byHand }: Opened): Promise<void> {
  for (const subscribers of [1, 2]) {
    const { each, merged } = byHand[subscribers] as Opened['byHand'][number]
    await run.compare({
      title: `Published 100 per commit, one upsert per event in ${subscribers} other module${subscribers > 1 ? 's' : ''}`,
      unit: 'events/s',
      better: 'higher',
      warmUps: 1,
      alternatives: [
        throughput('Banyan', 'ours', (events) => publishAndSettle(apps[subscribers] as Runtime, events)),
        throughput('by hand, pg, an upsert per event', 'peer', (events) => each.publishAndSettle(events)),
        throughput('by hand, one upsert per batch', 'limit', (events) => merged.publishAndSettle(events)),
      ],
      targets: [{ kind: 'at-least', value: 10_000 }],
    })
  }
}

async function compareKeepingUp(run: Run, { apps }: Opened): Promise<void> {
  for (const subscribers of [1, 2]) {
    await run.compare({
      title: `One event per command, 16 commands at a time: events handled by each of ${subscribers} subscriber${subscribers > 1 ? 's' : ''}`,
      unit: 'events/s',
      better: 'higher',
      turnMs: 1_000,
      alternatives: [keepUp(apps[subscribers] as Runtime, 'Banyan'), alone(apps[0] as Runtime)],
      targets: [{ kind: 'share', of: aloneName, atLeast: 0.9 }],
    })
  }
}

async function open(): Promise<OpenClaim> {
  const { server, stop } = await openDatabase('events')
  const opened = await openAll(server)
  return {
    versions: { PostgreSQL: server.version },
    async measure(run) {
      await compareThroughput(run, opened)
      await compareKeepingUp(run, opened)
      await observeShedding(run, opened.slow)
    },
    async close() {
      for (const { each, merged } of opened.byHand) {
        await each.stop()
        await merged.stop()
      }
      for (const app of [...opened.apps, opened.slow]) await app.stop(1_000)
      await stop()
    },
  }
}

await runClaim(
  {
    name: 'events',
    says: 'events reach their effect in one and in two other modules at 10,000 per second and keep up with commands',
    packages: ['pg'],
    notes: [
      'One process, one embedded PostgreSQL with fsync on. From the first publication to the commit of the last effect,',
      'publisher included; each subscriber runs one upsert for each event, in its own transactions with its progress.',
      'Its handler sends the upsert without waiting for the answer (`.send()`); by hand each upsert is awaited.',
      'By hand: one publisher, subscribers that read 500 events at a time and do the same upserts, nothing parked, no',
      'leases, no order across publishers. In the second part an order command publishes one event, and what counts is',
      'how many events each subscriber handled meanwhile, compared with commands alone.',
    ],
  },
  open,
)
