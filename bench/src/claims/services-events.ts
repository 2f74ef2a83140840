import { ensureStreams } from '@banyan/broker-nats'
import type { Runtime } from '@banyan/runtime'
import type { ConnectionOptions, EmbeddedServer } from '@banyan/store-postgres'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import { startModules } from '../command/banyan.js'
import { type ByHandEvents, openByHandEvents } from '../events/by-hand.js'
import { modulesWith } from '../events/modules.js'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import { verdict } from '../harness/targets.js'
import type { Alternative, Role } from '../harness/types.js'
import { ServiceProcess } from '../services-events/processes.js'
import { closedLoop } from '../support/closed-loop.js'
import { openDatabase } from '../support/database.js'
import { startNats } from '../support/nats.js'

const eventsPerTurn = 20_000
const perCommit = 20
const publishers = 4
const deliveries = 400
const pauseMs = 15
const commandsAtATime = 16
/** What is to be sustained, and a little more that is published, so that the rest at the end does not decide. */
const sustainedPerSecond = 5_000
const pacePerSecond = 5_250
const sustainedMs = 60_000
const quickMs = 6_000
const lookMs = 250

interface Opened {
  readonly source: ServiceProcess
  readonly subscribers: ServiceProcess
  readonly together: Runtime
  /** Without subscribers. */
  readonly alone: Runtime
  readonly each: ByHandEvents
  readonly merged: ByHandEvents
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

function byHand(name: string, role: Role, events: ByHandEvents): Alternative {
  return {
    name,
    role,
    async measure() {
      const begunAt = performance.now()
      await events.publishAndSettle(eventsPerTurn)
      return { value: (eventsPerTurn / (performance.now() - begunAt)) * 1_000 }
    },
  }
}

/** At a rate that waits for nobody, as long as it takes until a growing lag would show. */
async function observeSustained(run: Run, { source, subscribers }: Opened): Promise<void> {
  const ms = run.settings.quick ? quickMs : sustainedMs
  const lags: number[] = []
  let publishing = true
  const looking = async (): Promise<void> => {
    while (publishing) {
      lags.push((await subscribers.order({ kind: 'lag' })).value)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }
  const looks = looking()
  const begunAt = performance.now()
  const { value: published } = await source.order({ kind: 'pace', perSecond: pacePerSecond, perCommit, ms })
  const publishedAt = performance.now()
  publishing = false
  await looks
  await subscribers.order({ kind: 'settled' })
  const endedAt = performance.now()
  const rate = (published / (endedAt - begunAt)) * 1_000
  const half = Math.floor(lags.length / 2)
  const most = (some: readonly number[]): string => formatNumber(Math.max(0, ...some))
  const value =
    `${formatNumber(rate)} events/s to the last effect, ${formatNumber(endedAt - publishedAt)} ms after the last commit; ` +
    `lag at most ${most(lags.slice(0, half))} events in the first half, ${most(lags.slice(half))} in the second`
  run.observe({
    what: `published at ${pacePerSecond}/s for ${ms / 1_000} s, ${perCommit} per commit, two subscribers`,
    value,
    verdict: verdict(
      `≥ ${sustainedPerSecond} events/s`,
      rate >= sustainedPerSecond,
      `${formatNumber(rate)} events/s`,
      `${formatNumber(sustainedPerSecond - rate)} events/s`,
    ),
  })
}

async function compareCommands(run: Run, { source, subscribers, alone }: Opened): Promise<void> {
  await run.compare({
    title: `One event per command, ${commandsAtATime} commands at a time: events handled by each of two subscribers`,
    unit: 'events/s',
    better: 'higher',
    turnMs: 1_000,
    alternatives: [
      {
        name: 'Banyan, publisher and subscribers in two processes',
        role: 'ours',
        async measure(ms) {
          await subscribers.order({ kind: 'settled' })
          const begunAt = performance.now()
          const { value } = await source.order({ kind: 'commands', atATime: commandsAtATime, ms })
          const seconds = (performance.now() - begunAt) / 1_000
          const { value: lag } = await subscribers.order({ kind: 'lag' })
          return { value: value - lag / seconds, details: { 'commands/s': value, 'lag at the end': lag } }
        },
      },
      {
        name: 'commands/s with no subscriber',
        role: 'limit',
        async measure(ms) {
          const { value } = await closedLoop(commandsAtATime, ms, async () => {
            const input = { first: 0, count: 1 }
            const outcome = await alone.execute({ module: 'sales', operation: 'sell', input })
            if (!outcome.ok) throw new Error(outcome.error.message)
          })
          return { value, details: { 'commands/s': value, 'lag at the end': 0 } }
        },
      },
    ],
  })
}

/** From the end of the command in one process to the commit of the effect in the other, one event at a time. */
async function observeDelivery(run: Run, { source, subscribers }: Opened): Promise<void> {
  const took: number[] = []
  for (let count = 0; count < deliveries; count++) {
    const handled = subscribers.handledAt()
    const { at: committedAt } = await source.order({ kind: 'one' })
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

/** What has been started, ended last first, also when the rest could not be started. */
async function open(): Promise<OpenClaim> {
  const ends: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const { server, stop } = await openDatabase('services-events')
    ends.push(stop)
    const nats = await startNats('max_payload: 2MB')
    ends.push(() => nats.stop())
    const opened = await openAll(server, nats.url, ends)
    return {
      versions: { PostgreSQL: server.version, 'nats-server': nats.version },
      measure: (run) => measure(run, opened),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openAll(server: EmbeddedServer, natsUrl: string, ends: (() => unknown)[]): Promise<Opened> {
  const app = 'bench'
  const admin = await connect({ servers: natsUrl })
  await ensureStreams({ app, plans: [{ module: 'sales' }], admin: () => admin }).finally(() => admin.close())
  const setting = { app, connection: await newDatabase(server, 'apart'), natsUrl }
  const process = async (hosts: readonly string[]): Promise<ServiceProcess> => {
    const started = await ServiceProcess.start({ ...setting, hosts })
    ends.push(() => started.stop())
    return started
  }
  const modules = async (name: string, subscribers: number): Promise<Runtime> => {
    const connection = await newDatabase(server, name)
    const started = await startModules({ app: name, connection, modules: modulesWith(subscribers) })
    ends.push(() => started.stop(1_000))
    return started
  }
  const written = async (name: string, merged: boolean): Promise<ByHandEvents> => {
    const started = await openByHandEvents(await newDatabase(server, name), 2, merged, perCommit)
    ends.push(() => started.stop())
    return started
  }
  return {
    source: await process(['sales', 'orders']),
    subscribers: await process(['spending', 'loyalty']),
    together: await modules('together', 2),
    alone: await modules('alone', 0),
    each: await written('each', false),
    merged: await written('merged', true),
  }
}

async function measure(run: Run, opened: Opened): Promise<void> {
  await run.compare({
    title: 'Published 20 per commit, one upsert per event in each of two modules of another process',
    unit: 'events/s',
    better: 'higher',
    warmUps: 1,
    alternatives: [
      apart(opened),
      together(opened),
      byHand('by hand in one process, pg, an upsert per event', 'peer', opened.each),
      byHand('by hand in one process, one upsert per batch', 'limit', opened.merged),
    ],
    targets: [{ kind: 'at-least', value: sustainedPerSecond }],
  })
  await observeSustained(run, opened)
  await compareCommands(run, opened)
  await observeDelivery(run, opened)
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
      'By hand: a table as log, two subscribers that poll it 500 events at a time and keep their position with their effect,',
      'no broker, no order across publishers, no parked events. With --quick the sustained part takes 6 s in place of 60.',
    ],
  },
  open,
)
