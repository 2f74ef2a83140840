import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'

/** An address, or the path of a Unix socket. */
export type LinkTarget = { readonly host: string; readonly port: number } | { readonly path: string }

interface Pair {
  readonly near: Socket
  readonly far: Socket
  /** Nothing passes any more, in neither direction, and neither side hears of the end of the other. */
  dead: boolean
}

type Mode = 'open' | 'held' | 'swallowing'

/**
 * A TCP link between a process and a server, that can be cut, slowed, held and turned into a black hole.
 *
 * I1 A pair that was swallowed from stays dead: the bytes are gone, so what came after them would be garbage.
 */
export class ProxiedLink {
  readonly #target: LinkTarget
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #mode: Mode = 'open'
  #refusing = false
  #latencyMs = 0

  private constructor(target: LinkTarget) {
    this.#target = target
    // Half-open pairs are what this is for, so the end of one side is passed on by hand.
    this.#server = createServer({ allowHalfOpen: false, noDelay: true }, (near) => this.#opened(near))
  }

  static async open(target: LinkTarget, host = '127.0.0.1', port = 0): Promise<ProxiedLink> {
    const link = new ProxiedLink(target)
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject)
      link.#server.listen(port, host, resolve)
    })
    return link
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Each piece takes so much longer, in each direction. */
  slow(latencyMs: number): void {
    this.#latencyMs = latencyMs
  }

  /** Connections break now, and new ones are refused until `heal`. */
  cut(): void {
    this.#refusing = true
    this.breakAll()
  }

  /** Connections break now; new ones are taken. */
  breakAll(): void {
    for (const pair of [...this.#pairs]) this.#end(pair)
  }

  /** Nothing passes until `heal`; then everything does, late. As packets that are sent again and again. */
  hold(): void {
    this.#mode = 'held'
    for (const { near, far } of this.#pairs) {
      near.pause()
      far.pause()
    }
  }

  /** What is sent is lost, and nobody hears of it; also through new connections, until `heal`. */
  swallow(): void {
    this.#mode = 'swallowing'
    for (const pair of this.#pairs) pair.dead = true
  }

  /** Connections that are open now are lost without a word, as in a router that forgot them; new ones work. */
  forget(): void {
    for (const pair of this.#pairs) pair.dead = true
  }

  /** New connections work, and held ones go on. */
  heal(): void {
    this.#mode = 'open'
    this.#refusing = false
    this.#latencyMs = 0
    for (const { near, far } of this.#pairs) {
      near.resume()
      far.resume()
    }
  }

  async close(): Promise<void> {
    this.breakAll()
    await new Promise<void>((done) => this.#server.close(() => done()))
  }

  #opened(near: Socket): void {
    if (this.#refusing) return void near.destroy()
    const far = connect({ ...this.#target, noDelay: true } as NetConnectOpts)
    const pair: Pair = { near, far, dead: this.#mode === 'swallowing' }
    this.#pairs.add(pair)
    this.#carry(pair, near, far)
    this.#carry(pair, far, near)
    if (this.#mode === 'held') {
      near.pause()
      far.pause()
    }
  }

  #carry(pair: Pair, from: Socket, to: Socket): void {
    let waiting = Promise.resolve()
    const later = (task: () => void): void => {
      const delayMs = this.#latencyMs
      if (delayMs === 0) waiting = waiting.then(task)
      else {
        const due = new Promise<void>((done) => setTimeout(done, delayMs))
        waiting = waiting.then(() => due).then(task)
      }
    }
    from.on('data', (chunk) => {
      // I1
      if (pair.dead) return
      later(() => {
        if (!pair.dead && !to.destroyed) to.write(chunk)
      })
    })
    // An error is followed by `close`, which tells the same.
    from.on('error', () => undefined)
    from.once('close', () => {
      if (pair.dead && !to.destroyed) return
      later(() => this.#end(pair))
    })
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.near.destroy()
    pair.far.destroy()
  }
}
