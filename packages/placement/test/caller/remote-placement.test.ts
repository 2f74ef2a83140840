import { createAmbient, createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { defineApp, defineModule } from '@banyan/module'
import { asOutcome, type Envelope, type Outcome, Scope } from '@banyan/runtime'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { type CallsFrame, readCalls, readCancel } from '../../src/frames/call-frame.js'
import { type CallLimits, type CallWire, Directory, RemotePlacement, type Topology } from '../../src/index.js'

const stock = contract({
  name: 'stock',
  version: '1.0.0',
  commands: { add: { input: z.object({ text: z.string() }) } },
  queries: { level: { input: z.object({ text: z.string() }) } },
})
const app = defineApp({
  name: 'shop',
  modules: [defineModule(stock, { commands: { add: () => undefined }, queries: { level: () => undefined } })],
})
const topology: Topology = { app: 'shop', services: [{ name: 's', modules: ['stock'], replicas: 1, gateway: false }] }
const clock = createDrivenClock(0)
const ambient = createSeededAmbient(1, clock)

function calling(options: { limits?: Partial<CallLimits>; messageBytes?: number; replicas?: number } = {}) {
  const sent: { instance: string; first: number; count: number; bytes: number; frame: CallsFrame }[] = []
  const cancelled: number[] = []
  const wire: CallWire & { connected: boolean } = {
    connected: true,
    token: 'token',
    messageBytes: options.messageBytes ?? 1_000_000,
    sendCalls: ({ instance }, _, first, count, message) =>
      void sent.push({ instance, first, count, bytes: message.length, frame: readCalls(message) as CallsFrame }),
    sendCancel: (_, message) => void cancelled.push(...(readCancel(message)?.numbers ?? [])),
  }
  const directory = new Directory({ topology, instance: 'me', lapseMs: 60_000, gone: () => undefined })
  for (let index = 0; index < (options.replicas ?? 1); index++)
    directory.heard('s', {
      instance: `i${index}`,
      service: 's',
      host: 'h',
      pid: 1,
      startedAt: 0,
      connections: 1,
      state: 'running',
      modules: [
        { module: 'stock', version: '1.0.0', running: 0, queued: 0, limit: 1, lag: 0, parked: 0, deadLetters: 0 },
      ],
      edges: [],
      leftOut: [],
    })
  const placement = new RemotePlacement({ app, wire, directory, ambient, limits: options.limits ?? {} })
  const call = (kind: 'command' | 'query', text = 'x', scope = new Scope(ambient, undefined), more = {}) => {
    const envelope: Envelope = {
      kind,
      module: 'stock',
      operation: kind === 'command' ? 'add' : 'level',
      input: { text },
      id: createAmbient().newId(),
      repeatable: false,
      travel: { correlationId: 'c', ...more },
    }
    return { envelope, scope, outcome: placement.deliver(envelope, scope, asOutcome) }
  }
  const tick = (): Promise<void> => new Promise((done) => setImmediate(() => setImmediate(done)))
  return { placement, wire, directory, sent, cancelled, call, tick }
}

/** The first call leaves at once, and what follows while it is on its way at the end of the turn. */
const secondWaits = { limits: { batchCalls: 2 } }

const code = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code)
const ok: Outcome = { ok: true, value: undefined }

test('calls of one turn share messages, up to the bounds of count and bytes', async () => {
  const { call, sent, tick } = calling({ limits: { batchCalls: 4, batchBytes: 1_000 } })
  for (let index = 0; index < 10; index++) call('query')
  await tick()
  expect(sent.map(({ count }) => count)).toEqual([1, 1, 1, 4, 3])
  expect(sent.flatMap(({ frame, first }) => frame.calls.map(({ number }) => number - first))).toEqual([
    0, 0, 0, 0, 1, 2, 3, 0, 1, 2,
  ])
  sent.length = 0
  for (let index = 0; index < 3; index++) call('query', 'y'.repeat(900))
  await tick()
  expect(sent.map(({ count }) => count)).toEqual([2, 1])
})

test('few calls leave at once, a full message before the turn ends, and what is left at its end', async () => {
  const { call, sent, tick, placement } = calling({ limits: { batchCalls: 4 } })
  for (let index = 0; index < 8; index++) call('query')
  expect(sent.map(({ count }) => count)).toEqual([1, 1, 1, 4])
  await tick()
  expect(sent.map(({ count }) => count)).toEqual([1, 1, 1, 4, 1])
  const numbers = sent.flatMap(({ frame }) => frame.calls.map(({ number }) => number))
  placement.replied('stock', { instance: 'i0', replies: numbers.map((number) => ({ number, outcome: ok })) })
  call('query')
  expect(sent).toHaveLength(6)
})

test('the replica with the fewest calls under way gets the next', async () => {
  const { call, sent, tick, placement } = calling({ replicas: 2 })
  for (let index = 0; index < 10; index++) call('query')
  await tick()
  const [slow, quick] = ['i0', 'i1'].map((of) => sent.filter(({ instance }) => instance === of))
  const numbers = (quick ?? []).flatMap(({ frame }) => frame.calls.map(({ number }) => number))
  expect([slow?.reduce((sum, { count }) => sum + count, 0), numbers.length]).toEqual([5, 5])
  placement.replied('stock', { instance: 'i1', replies: numbers.map((number) => ({ number, outcome: ok })) })
  sent.length = 0
  for (let index = 0; index < 4; index++) call('query')
  await tick()
  expect(sent.map(({ instance }) => instance)).toEqual(['i1', 'i1', 'i1', 'i1'])
})

test('the bytes on their way are bounded, and room comes back (P9)', async () => {
  const { call, sent, tick, placement } = calling({ limits: { bytes: 100 } })
  const first = call('query', 'x'.repeat(60))
  expect(code(await call('query', 'x'.repeat(60)).outcome)).toBe('overloaded')
  await tick()
  placement.replied('stock', { instance: 'i0', replies: [{ number: sent[0]?.first as number, outcome: ok }] })
  expect(await first.outcome).toEqual(ok)
  call('query', 'x'.repeat(60))
  expect(placement.underWay).toBe(1)
})

test('what travels along is bounded by the message, and takes no other call along', async () => {
  const { call, sent, tick } = calling({ messageBytes: 2_000 })
  const large = call('command', 'x', undefined, { tracestate: 'v'.repeat(3_000) })
  const small = call('command')
  expect(code(await large.outcome)).toBe('payload-too-large')
  await tick()
  expect(sent.map(({ count }) => count)).toEqual([1])
  expect(small.scope.elsewhere).toBe(true)
  expect(large.scope.elsewhere).toBe(false)
})

test('at the deadline a command that was sent is unknown, and one that was not has not happened (P6)', async () => {
  const { call, sent, tick, cancelled } = calling(secondWaits)
  const scopes = [1, 2, 3].map(() => new Scope(ambient, undefined, 1_000))
  const sentCommand = call('command', 'x', scopes[0])
  const sentQuery = call('query', 'x', scopes[1])
  await tick()
  const unsent = call('command', 'x', scopes[2])
  await clock.advance(1_000)
  expect(await Promise.all([sentCommand, sentQuery, unsent].map(async ({ outcome }) => code(await outcome)))).toEqual([
    'outcome-unknown',
    'deadline-exceeded',
    'deadline-exceeded',
  ])
  await tick()
  expect(sent).toHaveLength(2)
  expect(cancelled).toEqual([])
})

test('who gives up tells the callee, once it was sent', async () => {
  const { call, sent, tick, cancelled } = calling(secondWaits)
  const taken = call('command')
  await tick()
  const waiting = call('command')
  for (const { scope } of [taken, waiting]) scope.end('cancelled')
  expect([code(await taken.outcome), code(await waiting.outcome)]).toEqual(['cancelled', 'cancelled'])
  await tick()
  expect(cancelled).toEqual([sent[0]?.first])
  expect(sent).toHaveLength(1)
})

test('a command that was sent is repeatable from then on: its id is recorded there (P4)', async () => {
  const { call, sent, tick } = calling()
  const { envelope } = call('command')
  const query = call('query').envelope
  await tick()
  expect([envelope.repeatable, query.repeatable]).toEqual([true, false])
  expect(sent.flatMap(({ frame }) => frame.calls.map(({ id }) => id))).toEqual([envelope.id, undefined])
})

test('a lost connection ends what was sent as unknown, what was not as unavailable, and refuses the next at once', async () => {
  const { call, sent, tick, placement, wire } = calling(secondWaits)
  const taken = call('command')
  await tick()
  const unsent = call('command')
  wire.connected = false
  placement.lost()
  expect([code(await taken.outcome), code(await unsent.outcome)]).toEqual(['outcome-unknown', 'unavailable'])
  expect(code(await call('query').outcome)).toBe('unavailable')
  await tick()
  expect(sent).toHaveLength(1)
  expect(placement.underWay).toBe(0)
})

test('a call that nobody takes anywhere ends, instead of going round for ever', async () => {
  const { call, sent, tick, placement, directory } = calling({ limits: { presenceMs: 20 } })
  const { outcome } = call('command')
  const [report] = directory.instances()
  for (let turn = 0; turn < 20; turn++) {
    await tick()
    const last = sent.at(-1)
    if (last) placement.nobody('stock', last.first, last.count)
    // It goes on telling that it is there.
    if (report) directory.heard('s', report)
  }
  expect(code(await outcome)).toBe('unavailable')
  expect(sent.length).toBeLessThan(10)
})

test('a call of a module that nobody runs waits at the start, and is unavailable at once afterwards', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { call, placement } = calling({ replicas: 0 })
  const first = call('command')
  expect(placement.underWay).toBe(1)
  vi.advanceTimersByTime(1_000)
  expect(code(await first.outcome)).toBe('unavailable')
  const next = call('command')
  expect(placement.underWay).toBe(0)
  expect(code(await next.outcome)).toBe('unavailable')
})
