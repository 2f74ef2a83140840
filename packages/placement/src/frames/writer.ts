import { frameLimits } from './limits.js'

const firstBytes = 4_096
const keptBytes = 1_048_576

/** Writes one message after the other into the same memory; `take` gives a copy. */
export class FrameWriter {
  #buffer = Buffer.allocUnsafe(firstBytes)
  #at = 0

  get length(): number {
    return this.#at
  }

  reset(): this {
    // One large message does not keep its memory for ever.
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafe(firstBytes)
    this.#at = 0
    return this
  }

  take(): Uint8Array {
    return Buffer.from(this.#buffer.subarray(0, this.#at))
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#buffer[this.#at++] = value
    return this
  }

  uint16(value: number): this {
    this.#reserve(2)
    this.#at = this.#buffer.writeUInt16LE(value, this.#at)
    return this
  }

  uint32(value: number): this {
    this.#reserve(4)
    this.#at = this.#buffer.writeUInt32LE(value, this.#at)
    return this
  }

  /** Milliseconds; Infinity is none. */
  double(value: number): this {
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
    return this
  }

  /** At most 255 bytes. @throws RangeError beyond */
  short(text: string): this {
    this.#reserve(1 + text.length * 3)
    const bytes = this.#buffer.write(text, this.#at + 1)
    if (bytes > frameLimits.shortBytes) throw new RangeError(`a text of ${bytes} bytes does not fit into a frame`)
    this.#buffer[this.#at] = bytes
    this.#at += 1 + bytes
    return this
  }

  long(text: string): this {
    // Three bytes are the most that a UTF-16 unit takes in UTF-8.
    this.#reserve(4 + text.length * 3)
    const bytes = this.#buffer.write(text, this.#at + 4)
    this.#at = this.#buffer.writeUInt32LE(bytes, this.#at) + bytes
    return this
  }

  bytes(value: Uint8Array): this {
    this.#reserve(4 + value.length)
    this.#at = this.#buffer.writeUInt32LE(value.length, this.#at)
    this.#buffer.set(value, this.#at)
    this.#at += value.length
    return this
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + count))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }
}
