import type { Identity, TravelContext } from '@banyan/runtime'
import { countOf, frameForm, frameKind, readFrame } from './frame-kind.js'
import { type FrameReader, GarbledFrame } from './reader.js'
import type { FrameWriter } from './writer.js'

/** One call of a message. Module and operation stand in the subject, where the broker can refuse them. */
export interface CallItem {
  readonly kind: 'command' | 'query'
  /**
   * Of a command, whose outcome is recorded under it wherever it came from: what crossed can come again (P4). Undefined for a
   * query: its id is derived from its cause where it runs, which most never need.
   */
  readonly id: string | undefined
  /** Absent for a call from outside. */
  readonly caller: string | undefined
  /** Infinity without a deadline. */
  readonly remainingMs: number
  readonly travel: TravelContext
  /** JSON; undefined for no input. */
  readonly input: string | undefined
}

export interface NumberedCall extends CallItem {
  /** Of the caller's choice: the reply names it. */
  readonly number: number
}

/** Calls of one process to one operation. */
export interface CallsFrame {
  /** Where the caller hears replies. */
  readonly token: string
  readonly calls: readonly NumberedCall[]
}

const has = {
  command: 1,
  id: 2,
  caller: 4,
  input: 8,
  causation: 16,
  traceparent: 32,
  tracestate: 64,
  identity: 128,
}

/** Begins a message; exactly `count` calls must follow. */
export function beginCalls(writer: FrameWriter, token: string, count: number): void {
  writer.byte(frameForm).byte(frameKind.calls).short(token).uint16(count)
}

export function writeCall(writer: FrameWriter, number: number, call: CallItem): void {
  const { travel, caller, input } = call
  const { causationId, traceparent, tracestate, identity } = travel
  writer
    .uint32(number)
    .byte(
      (call.kind === 'command' ? has.command : 0) |
        (call.id === undefined ? 0 : has.id) |
        (caller === undefined ? 0 : has.caller) |
        (input === undefined ? 0 : has.input) |
        (causationId === undefined ? 0 : has.causation) |
        (traceparent === undefined ? 0 : has.traceparent) |
        (tracestate === undefined ? 0 : has.tracestate) |
        (identity === undefined ? 0 : has.identity),
    )
    .double(call.remainingMs)
  if (call.id !== undefined) writer.long(call.id)
  if (caller !== undefined) writer.short(caller)
  if (input !== undefined) writer.long(input)
  writer.long(travel.correlationId)
  if (causationId !== undefined) writer.long(causationId)
  if (traceparent !== undefined) writer.long(traceparent)
  if (tracestate !== undefined) writer.long(tracestate)
  if (identity !== undefined) writer.long(JSON.stringify(identity))
}

/** Undefined for a message that is garbled. */
export function readCalls(message: Uint8Array): CallsFrame | undefined {
  return readFrame(message, frameKind.calls, (reader) => {
    const token = reader.short()
    const calls: NumberedCall[] = []
    for (let left = countOf(reader); left > 0; left--) calls.push(readCall(reader))
    return { token, calls }
  })
}

function readCall(reader: FrameReader): NumberedCall {
  const number = reader.uint32()
  const flags = reader.byte()
  const remainingMs = reader.double()
  const kind = flags & has.command ? 'command' : 'query'
  const id = flags & has.id ? reader.long() : undefined
  if (kind === 'command' && id === undefined) throw new GarbledFrame('a command without an id')
  const caller = flags & has.caller ? reader.short() : undefined
  const input = flags & has.input ? reader.long() : undefined
  const travel: { -readonly [Key in keyof TravelContext]: TravelContext[Key] } = { correlationId: reader.long() }
  if (flags & has.causation) travel.causationId = reader.long()
  if (flags & has.traceparent) travel.traceparent = reader.long()
  if (flags & has.tracestate) travel.tracestate = reader.long()
  if (flags & has.identity) travel.identity = readIdentity(reader.long())
  return { number, kind, id, caller, remainingMs, travel, input }
}

export function readIdentity(text: string): Identity {
  const value = JSON.parse(text) as Partial<Identity> | null
  if (typeof value !== 'object' || value === null || typeof value.subject !== 'string')
    throw new GarbledFrame('an identity without a subject')
  const { permissions } = value
  if (!Array.isArray(permissions) || permissions.some((permission) => typeof permission !== 'string'))
    throw new GarbledFrame('permissions that are no texts')
  return value as Identity
}

/** What tells that the caller of some calls gave up. */
export interface CancelFrame {
  readonly token: string
  readonly numbers: readonly number[]
}

export function writeCancel(writer: FrameWriter, { token, numbers }: CancelFrame): void {
  writer.byte(frameForm).byte(frameKind.cancel).short(token).uint16(numbers.length)
  for (const number of numbers) writer.uint32(number)
}

export function readCancel(message: Uint8Array): CancelFrame | undefined {
  return readFrame(message, frameKind.cancel, (reader) => {
    const token = reader.short()
    const numbers: number[] = []
    for (let left = countOf(reader); left > 0; left--) numbers.push(reader.uint32())
    return { token, numbers }
  })
}
