import { connect, type Socket } from 'node:net'

export interface RawClient {
  readonly socket: Socket
  /** All that came so far. */
  received(): string
  /** Resolves when what came fits, rejects when the connection ends without. */
  until(pattern: RegExp): Promise<string>
  /** Resolves with all that came when the connection has ended. */
  readonly ended: Promise<string>
}

/** A connection that sends exactly the bytes it is told to. */
export function rawClient(url: string): RawClient {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text))
  })
  // A reset is an end as good as any for these tests.
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  return {
    socket,
    ended,
    received: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text)) resolve(text)
        }
        look()
        socket.on('data', look)
        socket.on('close', () => reject(new Error(`the connection ended with: ${text}`)))
      }),
  }
}

/** A promise to be settled from outside. */
export function gate<Value = void>(): { readonly promise: Promise<Value>; open(value: Value): void } {
  let open: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((resolve) => {
    open = resolve
  })
  return { promise, open }
}
