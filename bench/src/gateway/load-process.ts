import { connect, type Socket } from 'node:net'
import { percentile } from '../harness/statistics.js'

/**
 * The load, in a process of its own: keep-alive connections that each send the next request when the last was answered.
 * Written on sockets, because a client library costs more per request than the servers and would be what is measured.
 * It never sleeps: a sender that sleeps is woken by the server's write, which in a virtual machine costs the server more
 * than all that it does for a request; a client on another machine would cost it nothing.
 */
export interface LoadOrder {
  readonly port: number
  readonly path: string
  readonly body: string
  readonly connections: number
  readonly ms: number
}

export interface LoadReport {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Share of its looks that found no answer; near 0, this process was the limit, not the server. */
  readonly waitingShare: number
}

class Connection {
  readonly latencies: number[] = []
  readonly done: Promise<void>
  readonly #socket: Socket
  readonly #request: Buffer
  readonly #until: number
  #pending = ''
  #sentAt = 0
  #finish!: () => void
  #fail!: (error: Error) => void

  constructor(order: LoadOrder, request: Buffer, until: number) {
    this.#request = request
    this.#until = until
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
    this.#socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('connect', () => this.#send())
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed a connection')))
  }

  #send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#request)
  }

  #take(text: string): void {
    this.#pending += text
    const problem = this.#problem()
    if (problem !== undefined) this.#fail(new Error(`${problem}: ${this.#pending}`))
    else if (this.#isWhole()) this.#answered()
  }

  #problem(): string | undefined {
    const head = this.#pending.indexOf('\r\n\r\n')
    if (head === -1) return undefined
    if (!this.#pending.startsWith('HTTP/1.1 200')) return 'The server did not answer 200'
    return this.#length() === undefined ? 'The answer has no content-length' : undefined
  }

  #length(): number | undefined {
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#pending)?.[1]
    return length === undefined ? undefined : Number(length)
  }

  #isWhole(): boolean {
    const head = this.#pending.indexOf('\r\n\r\n')
    return head !== -1 && this.#pending.length >= head + 4 + (this.#length() ?? 0)
  }

  #answered(): void {
    this.#pending = ''
    const now = performance.now()
    this.latencies.push(now - this.#sentAt)
    if (now < this.#until) {
      this.#send()
      return
    }
    this.#finish()
    this.#socket.destroy()
  }
}

/** Looks for answers again and again, without ever waiting for one; counts the looks that found nothing. */
function stayAwake(answered: () => number): { stop(): void; waitingShare(): number } {
  let looks = 0
  let inVain = 0
  let before = -1
  let over = false
  const look = (): void => {
    if (over) return
    const now = answered()
    looks++
    if (now === before) inVain++
    before = now
    setImmediate(look)
  }
  look()
  return {
    stop() {
      over = true
    },
    waitingShare: () => inVain / looks,
  }
}

async function load(order: LoadOrder): Promise<LoadReport> {
  const { path, body, connections, ms } = order
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
  const begunAt = performance.now()
  const open = Array.from({ length: connections }, () => new Connection(order, request, begunAt + ms))
  const awake = stayAwake(() => open.reduce((sum, one) => sum + one.latencies.length, 0))
  await Promise.all(open.map(({ done }) => done)).finally(() => awake.stop())
  const elapsedMs = performance.now() - begunAt
  const latencies = open.flatMap((one) => one.latencies)
  return {
    requests: latencies.length,
    perSecond: latencies.length / (elapsedMs / 1_000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    waitingShare: awake.waitingShare(),
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: LoadOrder) => void load(order).then((report) => process.send?.(report)))
