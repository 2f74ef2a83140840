import type { TLSSocket } from 'node:tls'
import { type LaneRecord, RecordReader, recordHead } from './records.js'

/** Beyond, the other side does not read: what waits is bounded (P9). */
const mostWaiting = 67_108_864
const keepAliveMs = 5_000
const joinedBytes = 65_536

/**
 * One end of a lane: records in both directions over one socket.
 *
 * I1 What is sent in one turn leaves in one write.
 */
export class LaneLink {
  readonly #socket: TLSSocket
  #corked = false

  constructor(socket: TLSSocket, take: (record: LaneRecord) => void, closed: () => void) {
    this.#socket = socket
    const reader = new RecordReader(take)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveMs)
    socket.on('data', (chunk: Buffer) => {
      if (!reader.push(chunk)) socket.destroy()
    })
    // An error is followed by `close`, which tells the same.
    socket.on('error', () => undefined)
    socket.once('close', closed)
    // Lanes alone keep no process alive.
    socket.unref()
  }

  /** False when it is closed, or the other side does not read. */
  send(kind: number, names: readonly string[], message: Uint8Array = new Uint8Array(0)): boolean {
    const socket = this.#socket
    if (!socket.writable || socket.writableLength > mostWaiting) return false
    // I1
    if (!this.#corked) {
      this.#corked = true
      socket.cork()
      process.nextTick(() => {
        this.#corked = false
        socket.uncork()
      })
    }
    const head = recordHead(kind, names, message.length)
    // One piece costs the socket less than two; copying what is small costs next to nothing.
    if (message.length <= joinedBytes) socket.write(Buffer.concat([head, message]))
    else {
      socket.write(head)
      socket.write(message)
    }
    return true
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
