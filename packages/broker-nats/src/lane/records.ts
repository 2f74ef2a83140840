import { frameLimits } from '@banyan/placement'

/** What a record of a lane is; its first byte. */
export const recordKind = { hello: 1, calls: 2, replies: 3, closing: 4, closed: 5, beat: 6 } as const

const lengthBytes = 4
/** A message and the names of module and operation. */
const mostBytes = frameLimits.messageBytes + 1_024

export interface LaneRecord {
  readonly kind: number
  readonly names: readonly string[]
  readonly message: Uint8Array
}

/** The beginning of a record: its length, its kind, how many names, the names. The message follows as it is. */
export function recordHead(kind: number, names: readonly string[], messageBytes: number): Buffer {
  const texts = names.map((name) => Buffer.from(name))
  const named = texts.reduce((sum, text) => sum + 1 + text.length, 2)
  const head = Buffer.allocUnsafe(lengthBytes + named)
  head.writeUInt32LE(named + messageBytes)
  head[4] = kind
  head[5] = names.length
  let at = 6
  for (const text of texts) {
    head[at] = text.length
    at += 1 + text.copy(head, at + 1)
  }
  return head
}

/**
 * Cuts what comes through a socket into records. What cannot be one ends the reading: nothing after it can be told apart.
 */
export class RecordReader {
  readonly #take: (record: LaneRecord) => void
  #chunks: Buffer[] = []
  #bytes = 0
  #needed = lengthBytes

  constructor(take: (record: LaneRecord) => void) {
    this.#take = take
  }

  /** False when the other side does not keep to the form. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#needed) return true
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    this.#needed = lengthBytes
    while (all.length - at >= lengthBytes) {
      const length = all.readUInt32LE(at)
      if (length < 2 || length > mostBytes) return false
      if (all.length - at < lengthBytes + length) {
        this.#needed = lengthBytes + length
        break
      }
      const record = readRecord(all.subarray(at + lengthBytes, at + lengthBytes + length))
      if (!record) return false
      at += lengthBytes + length
      this.#take(record)
    }
    this.#chunks = at === all.length ? [] : [all.subarray(at)]
    this.#bytes = all.length - at
    return true
  }
}

function readRecord(bytes: Buffer): LaneRecord | undefined {
  const names: string[] = []
  let at = 2
  for (let left = bytes[1] as number; left > 0; left--) {
    const end = at + 1 + (bytes[at] ?? 0)
    if (end > bytes.length) return undefined
    names.push(bytes.toString('utf8', at + 1, end))
    at = end
  }
  return { kind: bytes[0] as number, names, message: bytes.subarray(at) }
}
