import { randomUUID } from 'node:crypto'
import type { Runtime } from '@banyan/runtime'
import { accountsModule, type Booked } from '../aggregates/account.js'
import { type ByHand, openByHand } from '../aggregates/by-hand.js'
import { type Emmett, openEmmett } from '../aggregates/emmett.js'
import { startModules } from '../command/banyan.js'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative, Role } from '../harness/types.js'
import { closedLoop } from '../support/closed-loop.js'
import { openDatabase, syncsPerSecond } from '../support/database.js'

const connections = 16
const byHandName = 'by hand, pg, a statement at a time'
const emmettName = 'Emmett'
/** A writer goes on to a new stream after so many events, so that all alternatives always load streams of one length. */
const eventsOfStream = 20
const booked: Booked = { cents: 125, text: 'Coffee and cake, on the terrace, in the afternoon' }

async function open(): Promise<OpenClaim> {
  const { server, folder, stop } = await openDatabase('aggregates')
  const modules = [accountsModule]
  const runtime = await startModules({ app: 'bench', connection: server.connection, modules, connections })
  const byHand = openByHand(server, connections)
  const emmett = await openEmmett(server, connections)
  return {
    versions: { PostgreSQL: server.version },
    async measure(run) {
      run.observe({ what: 'fdatasync of 8 KiB on the same disk', value: `${formatNumber(syncsPerSecond(folder))}/s` })
      await compare(run, runtime, byHand, emmett)
    },
    async close() {
      await emmett.stop()
      await byHand.stop()
      await runtime.stop()
      await stop()
    },
  }
}

/** Books into streams of their own for each writer, one after the other. */
function writers(count: number, book: (account: string) => Promise<void>): (writer: number) => Promise<void> {
  const streams = Array.from({ length: count }, () => ({ name: randomUUID(), events: 0 }))
  return (writer) => {
    const stream = streams[writer] as { name: string; events: number }
    if (stream.events >= eventsOfStream) Object.assign(stream, { name: randomUUID(), events: 0 })
    stream.events++
    return book(stream.name)
  }
}

async function bookByCommand(runtime: Runtime, account: string, id?: string): Promise<void> {
  const input = { account, ...booked }
  const call = { module: 'accounts', operation: 'book', input, ...(id === undefined ? {} : { id }) }
  const outcome = await runtime.execute(call)
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
}

async function compare(run: Run, runtime: Runtime, byHand: ByHand, emmett: Emmett): Promise<void> {
  for (const count of [1, 16, 64]) {
    const alternative = (name: string, role: Role, book: (account: string) => Promise<void>): Alternative => ({
      name,
      role,
      measure: (ms) => closedLoop(count, ms, writers(count, book)),
    })
    await run.compare({
      title: `Load a stream of up to ${eventsOfStream} events and append one, ${count} writers`,
      unit: 'appends/s',
      better: 'higher',
      turnMs: 500,
      alternatives: [
        alternative('Banyan', 'ours', (account) => bookByCommand(runtime, account)),
        alternative('Banyan, outcome recorded', 'variant', (account) => bookByCommand(runtime, account, randomUUID())),
        alternative(byHandName, 'peer', (account) => byHand.book(account, booked)),
        alternative(emmettName, 'peer', (account) => emmett.book(account, booked)),
        alternative('no transaction, two statements', 'limit', (account) => byHand.bookShortly(account, booked)),
      ],
      targets: [
        { kind: 'share', of: byHandName, atLeast: 0.7 },
        { kind: 'ahead', of: emmettName },
      ],
    })
  }
}

await runClaim(
  {
    name: 'aggregates',
    says: 'loading an aggregate and appending to it reaches at least 70 % of the same statements by hand, and more than Emmett',
    packages: ['pg', '@event-driven-io/emmett-postgresql'],
    notes: [
      'One embedded PostgreSQL with fsync on, 16 connections each. Every writer has streams of its own and begins a new one',
      `after ${eventsOfStream} events. Ours is a command: its input is validated, the stream is loaded, its events are decoded and folded, one`,
      'is validated and appended under the version that was read. By hand: begin, load, append, commit on the same tables, each',
      'a named statement that is awaited; nothing is validated there. Emmett: aggregateStream, and appendToStream with the expected version,',
      'in tables of its own.',
    ],
  },
  open,
)
