import type { Runtime } from '@banyan/runtime'
import { placeOrder, startModules } from '../command/banyan.js'
import { type ByHand, openByHand } from '../command/by-hand.js'
import { ordersModule, type Place } from '../command/orders.js'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative, Role } from '../harness/types.js'
import { closedLoop } from '../support/closed-loop.js'
import { openDatabase, syncsPerSecond } from '../support/database.js'
import { sampleOrders } from '../support/order.js'

const connections = 16
const byHandName = 'by hand, pg, a statement at a time'

async function open(): Promise<OpenClaim> {
  const { server, folder, stop } = await openDatabase('command')
  const runtime = await startModules({
    app: 'bench',
    connection: server.connection,
    modules: [ordersModule],
    connections,
  })
  const byHand = openByHand(server, connections)
  return {
    versions: { PostgreSQL: server.version },
    async measure(run) {
      run.observe({ what: 'fdatasync of 8 KiB on the same disk', value: `${formatNumber(syncsPerSecond(folder))}/s` })
      await compare(run, runtime, byHand)
    },
    async close() {
      await byHand.stop()
      await runtime.stop()
      await stop()
    },
  }
}

async function compare(run: Run, runtime: Runtime, byHand: ByHand): Promise<void> {
  const inputs: Place[] = sampleOrders(64).map(({ customerId, lines }) => ({ customerId, lines }))
  let next = 0
  const input = (): Place => inputs[next++ % inputs.length] as Place
  const alternative = (name: string, role: Role, concurrency: number, call: () => Promise<void>): Alternative => ({
    name,
    role,
    measure: (ms) => closedLoop(concurrency, ms, call),
  })
  for (const concurrency of [1, 16, 64]) {
    await run.compare({
      title: `An order command, ${concurrency} at a time`,
      unit: 'commands/s',
      better: 'higher',
      turnMs: 500,
      alternatives: [
        alternative('Banyan', 'ours', concurrency, () => placeOrder(runtime, input())),
        alternative(byHandName, 'peer', concurrency, () => byHand.place(input())),
        alternative('one statement', 'limit', concurrency, () => byHand.placeTogether(input())),
      ],
      targets: [{ kind: 'share', of: byHandName, atLeast: 0.8 }],
    })
  }
}

await runClaim(
  {
    name: 'command',
    says: 'an order command reaches at least 80 % of the throughput of the same statements written by hand',
    packages: ['pg'],
    notes: [
      'One embedded PostgreSQL with fsync on, the same tables, 16 connections each. A command is called with an id: its',
      'input is validated, two statements run (an order, its three lines), one event and the outcome are written with',
      'them. By hand: begin, inbox look-up, the two statements, inbox, lane, event, commit, each a named statement that',
      'is awaited; nothing is validated there. The limit writes the same rows by one statement.',
    ],
  },
  open,
)
