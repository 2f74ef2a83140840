import type { ErrorData } from '@banyan/errors'
import { frameForm, frameKind, readFrame } from './frame-kind.js'
import { readError } from './reply-frame.js'
import type { FrameWriter } from './writer.js'

/** What is asked of a process beside calls: its log, a raw route. A head of JSON, and bytes. */
export interface RequestFrame {
  readonly token: string
  readonly number: number
  readonly remainingMs: number
  readonly head: unknown
  readonly body: Uint8Array
}

export type ResponseFrame = { readonly number: number } & (
  | { readonly ok: true; readonly head: unknown; readonly body: Uint8Array }
  | { readonly ok: false; readonly error: ErrorData }
)

export function writeRequest(writer: FrameWriter, request: RequestFrame): void {
  writer
    .byte(frameForm)
    .byte(frameKind.request)
    .short(request.token)
    .uint32(request.number)
    .double(request.remainingMs)
    .long(JSON.stringify(request.head))
    .bytes(request.body)
}

export function readRequest(message: Uint8Array): RequestFrame | undefined {
  return readFrame(message, frameKind.request, (reader) => ({
    token: reader.short(),
    number: reader.uint32(),
    remainingMs: reader.double(),
    head: JSON.parse(reader.long()) as unknown,
    body: reader.bytes(),
  }))
}

export function writeResponse(writer: FrameWriter, response: ResponseFrame): void {
  writer.byte(frameForm).byte(frameKind.response).uint32(response.number)
  if (response.ok) writer.byte(1).long(JSON.stringify(response.head)).bytes(response.body)
  else writer.byte(0).long(JSON.stringify(response.error))
}

export function readResponse(message: Uint8Array): ResponseFrame | undefined {
  return readFrame(message, frameKind.response, (reader): ResponseFrame => {
    const number = reader.uint32()
    if (reader.byte() === 0) return { number, ok: false, error: readError(reader.long()) }
    return { number, ok: true, head: JSON.parse(reader.long()) as unknown, body: reader.bytes() }
  })
}
