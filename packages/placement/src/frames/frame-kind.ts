import { frameLimits } from './limits.js'
import { FrameReader, GarbledFrame } from './reader.js'

/** First byte of every message: the form of frames. Another form gets another number. */
export const frameForm = 0xb1

/** Second byte. */
export const frameKind = { calls: 1, replies: 2, cancel: 3, request: 4, response: 5 } as const

/** Reads a message of a kind; undefined when it is garbled, whatever is in it. */
export function readFrame<Read>(
  message: Uint8Array,
  kind: number,
  read: (reader: FrameReader) => Read,
): Read | undefined {
  if (message.length > frameLimits.messageBytes) return undefined
  try {
    const reader = new FrameReader(message)
    if (reader.byte() !== frameForm || reader.byte() !== kind) return undefined
    const result = read(reader)
    reader.end()
    return result
  } catch (error) {
    // JSON of identities and errors is read along with the frame, and fails as a SyntaxError.
    if (error instanceof GarbledFrame || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Kind of a message, for those who take several. */
export const kindOf = (message: Uint8Array): number | undefined => (message[0] === frameForm ? message[1] : undefined)

export function countOf(reader: FrameReader): number {
  const count = reader.uint16()
  if (count === 0 || count > frameLimits.items) throw new GarbledFrame(`${count} items`)
  return count
}
