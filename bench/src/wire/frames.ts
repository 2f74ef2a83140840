import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Order } from '../support/order.js'
import { type Quote, quote } from './quote.js'
import type { WireSystem } from './types.js'

const headBytes = 8

/** Frames of a length, a number and JSON. All that is sent in one tick leaves in one write. */
class Frames {
  readonly #socket: Socket
  readonly #taken: (id: number, body: unknown) => void
  #outgoing: Buffer[] = []
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, taken: (id: number, body: unknown) => void) {
    this.#socket = socket.setNoDelay(true)
    this.#taken = taken
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  send(id: number, body: unknown): void {
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush())
    const text = JSON.stringify(body)
    const frame = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text))
    frame.writeUInt32LE(frame.length, 0)
    frame.writeUInt32LE(id, 4)
    frame.write(text, headBytes)
    this.#outgoing.push(frame)
  }

  #flush(): void {
    const frames = this.#outgoing
    this.#outgoing = []
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames))
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= headBytes) {
      const end = at + bytes.readUInt32LE(at)
      if (end > bytes.length) break
      this.#taken(bytes.readUInt32LE(at + 4), JSON.parse(bytes.toString('utf8', at + headBytes, end)))
      at = end
    }
    this.#rest = bytes.subarray(at)
  }
}

/** The limit: nothing is validated, nobody is told of failures. */
export const frames: WireSystem = {
  async answer() {
    const server = createServer((socket) => {
      const connection: Frames = new Frames(socket, (id, order) => connection.send(id, quote(order as Order)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return String((server.address() as AddressInfo).port)
  },
  async connect(address) {
    const waiting = new Map<number, (quote: Quote) => void>()
    const socket = connect({ port: Number(address), host: '127.0.0.1' })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const connection = new Frames(socket, (id, answer) => {
      waiting.get(id)?.(answer as Quote)
      waiting.delete(id)
    })
    let next = 0
    return (work) =>
      work(
        (order) =>
          new Promise((resolve) => {
            next = (next + 1) >>> 0
            waiting.set(next, resolve)
            connection.send(next, order)
          }),
      )
  },
}
