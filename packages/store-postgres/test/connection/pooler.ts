import { connect, createServer, type Socket } from 'node:net'

const keyData = 'K'.charCodeAt(0)
const headBytes = 5

/**
 * A way to a server as through a pooler: what it tells of its backends is made up. Only the process id is; the key that
 * belongs to it would be of use to nobody.
 */
export async function openPooler(target: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  const held = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Followed by `close`.
    socket.on('error', () => undefined)
    return socket
  }
  const { host, port } = target
  const server = createServer((near) => {
    const far = held(host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host))
    held(near)
    near.pipe(far)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
    disguise(far, near)
  })
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((closed) => server.close(() => closed()))
    },
  }
}

function disguise(far: Socket, near: Socket): void {
  let waiting: Buffer = Buffer.alloc(0)
  let told = false
  far.on('data', (chunk) => {
    if (told) return void near.write(chunk)
    waiting = Buffer.concat([waiting, chunk])
    let at = 0
    while (!told && waiting.length >= at + headBytes) {
      const end = at + 1 + waiting.readInt32BE(at + 1)
      if (waiting.length < end) break
      if (waiting[at] === keyData) {
        waiting.writeInt32BE(waiting.readInt32BE(at + headBytes) + 0x10000000, at + headBytes)
        told = true
      }
      at = end
    }
    near.write(told ? waiting : waiting.subarray(0, at))
    waiting = waiting.subarray(at)
  })
}
