import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beginCalls,
  type CallItem,
  readCalls,
  readCancel,
  writeCall,
  writeCancel,
} from '../../src/frames/call-frame.js'
import { beginReplies, outcomeText, readReplies, writeReply } from '../../src/frames/reply-frame.js'
import { readRequest, readResponse, writeRequest, writeResponse } from '../../src/frames/request-frame.js'
import { FrameWriter } from '../../src/frames/writer.js'

const number = fc.nat(0xffffffff)
const name = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' })
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const text = fc.string({ unit: 'grapheme' })
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value))
const span = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.double({ min: 0, max: 1e9, noNaN: true }))

const travel = fc
  .record({
    correlationId: text,
    causationId: maybe(text),
    traceparent: maybe(text),
    tracestate: maybe(fc.string({ maxLength: 600 })),
    identity: maybe(fc.record({ subject: text, permissions: fc.array(name) })),
  })
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))

const rest = {
  caller: maybe(name),
  remainingMs: span,
  travel,
  input: maybe(json),
}

const item = fc
  .oneof(
    fc.record({ kind: fc.constant('command' as const), id: text }),
    fc.record({ kind: fc.constant('query' as const), id: maybe(text) }),
  )
  .chain((of) =>
    fc.record({ ...rest, kind: fc.constant(of.kind), id: fc.constant(of.id) }),
  ) as unknown as fc.Arbitrary<CallItem>

const calls = fc.record({
  token: name,
  first: fc.nat(1_000_000),
  items: fc.array(item, { minLength: 1, maxLength: 20 }),
})

const error = fc.record({
  code: name,
  message: text,
  retryable: fc.boolean(),
  status: fc.integer({ min: 400, max: 599 }),
  details: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
})
const outcome = fc.oneof(
  fc.constant({ ok: true as const, value: undefined }),
  fc.jsonValue().map((value) => ({ ok: true as const, value: JSON.parse(JSON.stringify(value)) as unknown })),
  error.map((data) => ({ ok: false as const, error: data })),
)

function callsMessage({
  token,
  first,
  items,
}: {
  token: string
  first: number
  items: readonly CallItem[]
}): Uint8Array {
  const writer = new FrameWriter()
  beginCalls(writer, token, items.length)
  for (const [index, call] of items.entries()) writeCall(writer, first + index, call)
  return writer.take()
}

const readers = { readCalls, readCancel, readReplies, readRequest, readResponse }

describe('frames', () => {
  test('calls come back as they were written', () => {
    fc.assert(
      fc.property(calls, (given) => {
        expect(readCalls(callsMessage(given))).toEqual({
          token: given.token,
          calls: given.items.map((call, index) => ({ ...call, number: given.first + index })),
        })
      }),
    )
  })

  test('outcomes come back as they were written', () => {
    fc.assert(
      fc.property(name, fc.array(fc.tuple(number, outcome), { minLength: 1, maxLength: 20 }), (instance, given) => {
        const writer = new FrameWriter()
        beginReplies(writer, instance, given.length)
        for (const [at, result] of given) writeReply(writer, at, result.ok, outcomeText(result))
        expect(readReplies(writer.take())).toEqual({
          instance,
          replies: given.map(([at, result]) => ({ number: at, outcome: result })),
        })
      }),
    )
  })

  test('cancellations, requests and responses come back as they were written', () => {
    const body = fc.uint8Array({ maxLength: 200 })
    const head = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    fc.assert(
      fc.property(name, fc.array(number, { minLength: 1, maxLength: 200 }), (token, numbers) => {
        const writer = new FrameWriter()
        writeCancel(writer, { token, numbers })
        expect(readCancel(writer.take())).toEqual({ token, numbers })
      }),
    )
    fc.assert(
      fc.property(name, number, span, head, body, error, (token, at, remainingMs, given, bytes, data) => {
        const writer = new FrameWriter()
        writeRequest(writer, { token, number: at, remainingMs, head: given, body: bytes })
        const request = readRequest(writer.take())
        expect({ ...request, body: [...(request?.body ?? [])] }).toEqual({
          token,
          number: at,
          remainingMs,
          head: given,
          body: [...bytes],
        })
        writeResponse(writer.reset(), { number: at, ok: true, head: given, body: bytes })
        const response = readResponse(writer.take())
        expect(response).toMatchObject({ number: at, ok: true })
        expect(response?.ok && [[...response.body], response.head]).toEqual([[...bytes], given])
        writeResponse(writer.reset(), { number: at, ok: false, error: data })
        expect(readResponse(writer.take())).toEqual({ number: at, ok: false, error: data })
      }),
    )
  })

  test('any bytes are read as something or as nothing, and never throw', () => {
    const bytes = fc.uint8Array({ maxLength: 400 })
    const likely = fc
      .tuple(fc.integer({ min: 1, max: 5 }), bytes)
      .map(([kind, rest]) => Uint8Array.of(0xb1, kind, ...rest))
    fc.assert(
      fc.property(fc.oneof(bytes, likely), (message) => {
        for (const read of Object.values(readers)) read(message)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a message that ends early, goes on, or is changed anywhere, is refused or read without throwing', () => {
    fc.assert(
      fc.property(calls, fc.nat(), fc.nat(255), (given, at, byte) => {
        const message = callsMessage(given)
        expect(readCalls(message.subarray(0, at % message.length))).toBeUndefined()
        expect(readCalls(Buffer.concat([message, Buffer.of(byte)]))).toBeUndefined()
        const changed = Buffer.from(message)
        changed[at % changed.length] = byte
        for (const read of Object.values(readers)) read(changed)
      }),
    )
  })

  test('numbers in a message are not believed: more items than fit, negative and undefined time', () => {
    const empty = new FrameWriter()
    beginCalls(empty, 'token', 0)
    expect(readCalls(empty.take())).toBeUndefined()
    const many = new FrameWriter()
    writeCancel(many, { token: 'token', numbers: Array.from({ length: 257 }, (_, index) => index) })
    expect(readCancel(many.take())).toBeUndefined()
    for (const remainingMs of [-1, Number.NaN]) {
      const call: CallItem = {
        kind: 'query',
        id: 'a',
        caller: undefined,
        travel: { correlationId: 'c' },
        input: undefined,
        remainingMs,
      }
      expect(readCalls(callsMessage({ token: 't', first: 1, items: [call] }))).toBeUndefined()
    }
  })

  test('an identity or an error that is none is refused', () => {
    const call = (identity: unknown): CallItem => ({
      kind: 'query',
      id: 'a',
      caller: undefined,
      travel: { correlationId: 'c', identity: identity as never },
      input: undefined,
      remainingMs: 1,
    })
    for (const identity of [null, 7, {}, { subject: 'me' }, { subject: 'me', permissions: [1] }])
      expect(readCalls(callsMessage({ token: 't', first: 1, items: [call(identity)] }))).toBeUndefined()
    for (const data of [
      'null',
      '{}',
      '{"code":"a","message":"b"}',
      '{',
      '{"code":1,"message":"b","retryable":true,"status":1}',
    ]) {
      const writer = new FrameWriter()
      beginReplies(writer, 'i', 1)
      writeReply(writer, 1, false, data)
      expect(readReplies(writer.take())).toBeUndefined()
    }
  })
})
