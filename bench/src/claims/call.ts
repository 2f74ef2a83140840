import { openBanyan } from '../call/banyan.js'
import { openBare, openChecked } from '../call/bare.js'
import { openMoleculer } from '../call/moleculer.js'
import { openNest, openTrustingNest } from '../call/nest.js'
import { openTrpc } from '../call/trpc.js'
import type { CallSystem, OpenCallSystem } from '../call/types.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Alternative, Role } from '../harness/types.js'
import { sampleOrders } from '../support/order.js'

const moleculer = 'Moleculer, its validator'

const systems: readonly { name: string; role: Role; open: OpenCallSystem }[] = [
  { name: 'Banyan', role: 'ours', open: openBanyan },
  { name: 'bare async function', role: 'limit', open: openBare },
  { name: 'bare, checked and copied by the same codecs', role: 'variant', open: openChecked },
  { name: moleculer, role: 'peer', open: openMoleculer },
  { name: 'NestJS CQRS, nothing validated', role: 'peer', open: openTrustingNest },
  { name: 'NestJS CQRS, zod', role: 'peer', open: openNest },
  { name: 'tRPC caller, zod', role: 'peer', open: openTrpc },
]

const callsAtOnce = 2_000

function alternative(
  { name, role }: { name: string; role: Role },
  batch: (count: number) => Promise<unknown>,
): Alternative {
  return {
    name,
    role,
    async measure(ms) {
      const begunAt = performance.now()
      const usedBefore = process.cpuUsage()
      let calls = 0
      let elapsedMs = 0
      for (; elapsedMs < ms; elapsedMs = performance.now() - begunAt) {
        await batch(callsAtOnce)
        calls += callsAtOnce
      }
      const used = process.cpuUsage(usedBefore)
      return {
        value: (elapsedMs * 1e6) / calls,
        details: { 'CPU ns/call': ((used.user + used.system) * 1e3) / calls },
      }
    },
  }
}

async function open(): Promise<OpenClaim> {
  const samples = sampleOrders(64)
  const opened: CallSystem[] = []
  for (const each of systems) opened.push(await each.open(samples))
  return {
    measure: (run) => measure(run, opened),
    async close() {
      for (const one of opened) await one.stop()
    },
  }
}

async function measure(run: Run, opened: readonly CallSystem[]): Promise<void> {
  for (const kind of ['queries', 'commands'] as const) {
    await run.compare({
      title: kind === 'queries' ? 'A query of another module' : 'A command of another module',
      unit: 'ns/call',
      better: 'lower',
      turnMs: 150,
      warmUps: 4,
      alternatives: systems.map((each, index) =>
        alternative(each, (count) => (opened[index] as CallSystem)[kind](count)),
      ),
      targets: [
        { kind: 'at-most', value: 600 },
        { kind: 'ahead', of: moleculer },
      ],
    })
  }
}

await runClaim(
  {
    name: 'call',
    says: 'a typed call between two modules of one process, validated and copied, takes at most 600 ns',
    packages: ['moleculer', '@nestjs/cqrs', '@nestjs/core', '@trpc/server', 'zod'],
    notes: [
      'Calls are made one after the other from inside a handler. The input is an order with three lines.',
      'Banyan validates and copies input and output. Moleculer and NestJS validate the input only and copy nothing;',
      'tRPC with zod validates and copies the input only. CPU time includes the garbage collector of the process; on a',
      'busy machine it tells more than the time on the clock.',
    ],
  },
  open,
)
