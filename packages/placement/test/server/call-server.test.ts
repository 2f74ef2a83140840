import { createAmbient } from '@banyan/ambient'
import { createLogger, deriveId, type Envelope, type Outcome } from '@banyan/runtime'
import { expect, test } from 'vitest'
import { beginCalls, writeCall, writeCancel } from '../../src/frames/call-frame.js'
import { frameLimits } from '../../src/frames/limits.js'
import { readReplies } from '../../src/frames/reply-frame.js'
import { FrameWriter } from '../../src/frames/writer.js'
import { CallServer, type MeshHost, ReplyOutbox, type Topology } from '../../src/index.js'

const topology: Topology = {
  app: 'shop',
  services: [
    { name: 'stocks', modules: ['stock'], replicas: 1, gateway: false },
    { name: 'sales', modules: ['orders'], replicas: 1, gateway: false },
  ],
}
const subject = { module: 'stock', operation: 'level', service: 'sales' }

function calls(numbers: readonly number[], input = '{}'): Uint8Array {
  const writer = new FrameWriter()
  beginCalls(writer, 'token', numbers.length)
  for (const number of numbers)
    writeCall(writer, number, {
      kind: 'query',
      id: undefined,
      caller: 'orders',
      remainingMs: 1_000,
      travel: { correlationId: 'c' },
      input,
    })
  return writer.take()
}

function serving(limits: { bytes?: number; backlog?: number } = {}) {
  const answers: { number: number; outcome: Outcome }[] = []
  const accepted: { envelope: Envelope; aborted: () => boolean; end: (outcome: Outcome) => void }[] = []
  const replies = new ReplyOutbox({
    instance: 'me',
    batchBytes: 100,
    send: (_, message) => void answers.push(...(readReplies(message)?.replies ?? [])),
  })
  const host: Partial<MeshHost> = {
    accept: (envelope, { signal }) =>
      new Promise((end) => void accepted.push({ envelope, aborted: () => signal?.aborted === true, end })),
  }
  const server = new CallServer({
    host: host as MeshHost,
    topology,
    logger: createLogger({ level: 'silent' }),
    ambient: createAmbient(),
    replies,
    backlog: () => limits.backlog ?? 0,
    ...(limits.bytes === undefined ? {} : { bytes: limits.bytes }),
  })
  return { server, answers, accepted, flush: () => replies.flush() }
}

const ok: Outcome = { ok: true, value: 1 }
const codes = (answers: readonly { outcome: Outcome }[]): string[] =>
  answers.map(({ outcome }) => (outcome.ok ? 'ok' : outcome.error.code))

test('what is taken and not answered is bounded in bytes, and room comes back (P9)', async () => {
  const message = calls([1, 2])
  const { server, answers, accepted, flush } = serving({ bytes: message.length })
  server.take(subject, message)
  server.take(subject, calls([3]))
  flush()
  expect(answers).toMatchObject([{ number: 3, outcome: { error: { code: 'overloaded' } } }])
  for (const { end } of accepted) end(ok)
  await server.idle()
  server.take(subject, message)
  expect(accepted).toHaveLength(4)
})

test('nothing is taken while the broker does not take replies (P9)', () => {
  const { server, answers, accepted, flush } = serving({ bytes: 1_000, backlog: 1_001 })
  server.take(subject, calls([1, 2]))
  flush()
  expect(codes(answers)).toEqual(['overloaded', 'overloaded'])
  expect(accepted).toEqual([])
})

test('all that was taken is answered before it is idle, and large answers do not share a message', async () => {
  const { server, answers, accepted, flush } = serving()
  server.take(subject, calls([1, 2, 3]))
  let idle = false
  const ended = server.idle().then(() => {
    idle = true
  })
  accepted[0]?.end({ ok: true, value: 'x'.repeat(200) })
  accepted[2]?.end(ok)
  await new Promise((done) => setImmediate(done))
  expect(idle).toBe(false)
  accepted[1]?.end(ok)
  await ended
  flush()
  expect(answers.map(({ number }) => number).sort()).toEqual([1, 2, 3])
})

test('replies leave before the turn ends when they fill a message, and when nothing else runs', async () => {
  const { server, answers, accepted } = serving()
  const { batch } = frameLimits
  server.take(subject, calls(Array.from({ length: batch + 3 }, (_, index) => index)))
  const end = async (count: number): Promise<void> => {
    for (const one of accepted.splice(0, count)) one.end(ok)
    // Only what follows within the turn.
    for (let step = 0; step < 5; step++) await undefined
  }
  await end(batch - 1)
  expect(answers).toHaveLength(0)
  await end(2)
  expect(answers).toHaveLength(batch)
  await end(2)
  expect(answers).toHaveLength(batch + 3)
})

test('only the calls that were given up hear it, and garbled messages are counted', () => {
  const { server, accepted } = serving()
  server.take(subject, calls([1, 2]))
  const writer = new FrameWriter()
  writeCancel(writer, { token: 'token', numbers: [2, 9] })
  server.cancel(writer.take())
  server.cancel(Buffer.from('nonsense'))
  expect(accepted.map(({ aborted }) => aborted())).toEqual([false, true])
  server.take(subject, Buffer.from('nonsense'))
  expect(server.garbled).toBe(1)
})

test('the id of a query is the one that its caller would have given it, so what derives from it is the same (P1)', () => {
  const { server, accepted } = serving()
  const writer = new FrameWriter()
  beginCalls(writer, 'token', 1)
  const cause = '0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5a6b'
  const travel = { correlationId: 'c', causationId: cause }
  writeCall(writer, 1, { kind: 'query', id: undefined, caller: 'orders', remainingMs: 1, travel, input: undefined })
  server.take(subject, writer.take())
  expect(accepted[0]?.envelope.id).toBe(deriveId(cause, 'stock.level', 0))
})

test('calls that their service may not make are refused, and no module hears of them', () => {
  const { server, answers, accepted, flush } = serving()
  server.refuse(subject, calls([1, 2]))
  flush()
  expect(accepted).toEqual([])
  expect(codes(answers)).toEqual(['access-denied', 'access-denied'])
})
