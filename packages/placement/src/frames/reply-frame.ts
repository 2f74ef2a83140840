import type { ErrorData } from '@banyan/errors'
import type { Outcome } from '@banyan/runtime'
import { countOf, frameForm, frameKind, readFrame } from './frame-kind.js'
import { GarbledFrame } from './reader.js'
import type { FrameWriter } from './writer.js'

export interface NumberedOutcome {
  readonly number: number
  readonly outcome: Outcome
}

/** Outcomes for one process, in the order in which they came about. */
export interface RepliesFrame {
  /** Who answers. */
  readonly instance: string
  readonly replies: readonly NumberedOutcome[]
}

const form = { nothing: 0, value: 1, error: 2 }

export function beginReplies(writer: FrameWriter, instance: string, count: number): void {
  writer.byte(frameForm).byte(frameKind.replies).short(instance).uint16(count)
}

/** The JSON of an outcome: undefined for success without a value. */
export function outcomeText(outcome: Outcome): string | undefined {
  return outcome.ok
    ? outcome.value === undefined
      ? undefined
      : JSON.stringify(outcome.value)
    : JSON.stringify(outcome.error)
}

export function writeReply(writer: FrameWriter, number: number, ok: boolean, text: string | undefined): void {
  writer.uint32(number).byte(ok ? (text === undefined ? form.nothing : form.value) : form.error)
  if (text !== undefined) writer.long(text)
}

/** Undefined for a message that is garbled. */
export function readReplies(message: Uint8Array): RepliesFrame | undefined {
  return readFrame(message, frameKind.replies, (reader) => {
    const instance = reader.short()
    const replies: NumberedOutcome[] = []
    for (let left = countOf(reader); left > 0; left--) {
      const number = reader.uint32()
      const what = reader.byte()
      if (what > form.error) throw new GarbledFrame('an outcome of another form')
      replies.push({ number, outcome: readOutcome(what, what === form.nothing ? '' : reader.long()) })
    }
    return { instance, replies }
  })
}

function readOutcome(what: number, text: string): Outcome {
  if (what === form.nothing) return { ok: true, value: undefined }
  if (what === form.value) return { ok: true, value: JSON.parse(text) }
  return { ok: false, error: readError(text) }
}

/** An error as data (P6). */
export function readError(text: string): ErrorData {
  const value = JSON.parse(text) as Partial<ErrorData> | null
  if (typeof value !== 'object' || value === null) throw new GarbledFrame('an error that is no object')
  const { code, message, retryable, status } = value
  if (typeof code !== 'string' || typeof message !== 'string')
    throw new GarbledFrame('an error without code or message')
  if (typeof retryable !== 'boolean' || typeof status !== 'number') throw new GarbledFrame('an error without its kind')
  return value as ErrorData
}
