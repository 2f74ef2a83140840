/** A message that is not what it should be; caught where frames are read, and never beyond. */
export class GarbledFrame extends Error {}

/** Reads a message that somebody else wrote: every length is checked against what is there. */
export class FrameReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(message: Uint8Array) {
    this.#buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  }

  byte(): number {
    return this.#buffer[this.#take(1)] as number
  }

  uint16(): number {
    return this.#buffer.readUInt16LE(this.#take(2))
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#take(4))
  }

  /** A span of time in milliseconds. */
  double(): number {
    const value = this.#buffer.readDoubleLE(this.#take(8))
    if (!(value >= 0)) throw new GarbledFrame('a time below zero')
    return value
  }

  short(): string {
    const bytes = this.byte()
    const from = this.#take(bytes)
    return this.#buffer.toString('utf8', from, from + bytes)
  }

  long(): string {
    const bytes = this.uint32()
    const from = this.#take(bytes)
    return this.#buffer.toString('utf8', from, from + bytes)
  }

  bytes(): Uint8Array {
    const count = this.uint32()
    const from = this.#take(count)
    return this.#buffer.subarray(from, from + count)
  }

  /** Nothing may follow what was read. */
  end(): void {
    if (this.#at !== this.#buffer.length) throw new GarbledFrame('more than was announced')
  }

  #take(count: number): number {
    const from = this.#at
    if (count > this.#buffer.length - from) throw new GarbledFrame('less than was announced')
    this.#at = from + count
    return from
  }
}
