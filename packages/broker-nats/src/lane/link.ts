import type { TLSSocket } from 'node:tls'
import { every } from '@banyan/placement'
import { type LaneRecord, RecordReader, recordHead, recordKind } from './records.js'

/** Beyond, the other side does not read: what waits is bounded (P9). */
const mostWaiting = 67_108_864
const joinedBytes = 65_536
/** As much as TCP sends in one piece over Ethernet. */
const segmentBytes = 1_448
const beatMs = 1_000
/** So many beats in which nothing is heard, and the lane is lost. */
const mostSilent = 3

/**
 * One end of a lane: records in both directions over one socket.
 *
 * I1 What is sent first in a turn leaves at once, and what follows it in one write, at the end of the turn or when it fills a
 *    segment: the other side works while this one goes on.
 * I2 A lane through which nothing comes any more is closed within seconds, and so is one that does not come about, also when
 *    nobody says that it is broken: both ends send beats. They are counted, not timed: when this process stood still, the
 *    other is not to blame for its silence.
 */
export class LaneLink {
  readonly #socket: TLSSocket
  #inTurn = false
  #corked = false

  /** @param closed given why, where the socket knows */
  constructor(socket: TLSSocket, take: (record: LaneRecord) => void, closed: (cause: Error | undefined) => void) {
    this.#socket = socket
    const reader = new RecordReader((record) => {
      if (record.kind !== recordKind.beat) take(record)
    })
    let silent = 0
    // I2
    const beats = every(beatMs, () => {
      if (++silent > mostSilent) socket.destroy(new Error('the other end is silent'))
      else this.send(recordKind.beat, [])
    })
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      silent = 0
      if (!reader.push(chunk)) socket.destroy(new Error('the other end does not keep to the form of records'))
    })
    let cause: Error | undefined
    // Followed by `close`.
    socket.on('error', (error) => {
      cause ??= error
    })
    socket.once('close', () => {
      beats.end()
      closed(cause)
    })
    // Lanes alone keep no process alive.
    socket.unref()
  }

  /** False when it is closed, or the other side does not read. */
  send(kind: number, names: readonly string[], message: Uint8Array = new Uint8Array(0)): boolean {
    const socket = this.#socket
    if (!socket.writable || socket.writableLength > mostWaiting) return false
    // I1
    if (!this.#inTurn) {
      this.#inTurn = true
      process.nextTick(() => this.#endTurn())
    } else if (!this.#corked) {
      this.#corked = true
      socket.cork()
    }
    const head = recordHead(kind, names, message.length)
    // One piece costs the socket less than two; copying what is small costs next to nothing.
    if (message.length <= joinedBytes) socket.write(Buffer.concat([head, message]))
    else {
      socket.write(head)
      socket.write(message)
    }
    if (socket.writableLength >= segmentBytes) this.#uncork()
    return true
  }

  #endTurn(): void {
    this.#inTurn = false
    this.#uncork()
  }

  #uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
