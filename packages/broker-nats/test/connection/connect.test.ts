import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { createLogger } from '@banyan/runtime'
import type { NatsConnection } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { ProxiedLink } from '../../../../tools/vitest/proxied-link.js'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { connectMesh, connectNats, startNatsServer } from '../../src/index.js'
import { bench, shopApp, topologyNamed } from '../calls/shop.js'

/** Resolves when the connection says so the next time. */
async function says(connection: NatsConnection, wanted: string): Promise<void> {
  for await (const { type } of connection.status()) if (type === wanted) return
  throw new Error(`the connection was closed without ${wanted}`)
}

withNats.test('a connection that takes nothing any more is given up, however much waits to be sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bc-'))
  const server = await startNatsServer({ folder })
  const link = await ProxiedLink.open({ host: '127.0.0.1', port: server.port })
  const servers = `nats://127.0.0.1:${link.port}`
  const connection = await connectNats({ servers, name: 'test', ambient: createAmbient() })
  onTestFinished(async () => {
    await connection.close()
    await link.close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  const lost = says(connection, 'disconnect')
  link.hold()
  // More than the buffers of the system hold.
  const piece = new Uint8Array(512 * 1024)
  for (let count = 0; count < 64; count++) connection.publish('anything', piece)
  await lost
  const back = says(connection, 'reconnect')
  link.heal()
  link.breakAll()
  await back
  await connection.flush()
})

const info = { server_id: 'S', version: '2.9.10', proto: 1, max_payload: 1_048_576, headers: true }

/** Speaks as much NATS as a connection takes; `answers` says of each connection whether it gets more than the greeting. */
async function greeter(answers: (connection: number) => boolean): Promise<{ server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const answering = answers(sockets.push(socket))
    socket.on('error', () => undefined)
    socket.write(`INFO ${JSON.stringify(info)}\r\n`)
    socket.on('data', (chunk) => {
      if (!answering) socket.destroy()
      else if (chunk.includes('PING')) socket.write('PONG\r\n')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { server, sockets }
}

test('a server that closes a connection while it is made is tried again, not waited for', async () => {
  // The second to the twentieth are closed at the first word.
  const { server, sockets } = await greeter((connection) => connection === 1 || connection > 20)
  const { port } = server.address() as { port: number }
  // Without random pauses: each attempt follows as soon as the one before it has ended.
  const ambient = { ...createAmbient(), random: () => 0 }
  const connection = await connectNats({ servers: `nats://127.0.0.1:${port}`, name: 'test', ambient })
  onTestFinished(() => connection.close())
  const back = says(connection, 'reconnect')
  sockets[0]?.destroy()
  // Nineteen attempts that each are waited for would take longer than a test may.
  await back
  expect(sockets).toHaveLength(21)
})

test('a server that closes the first connection while it is made is tried again', async () => {
  const { server, sockets } = await greeter((connection) => connection > 1)
  const { port } = server.address() as { port: number }
  const servers = `nats://127.0.0.1:${port}`
  const connection = await connectNats({ servers, name: 'test', ambient: createAmbient(), timeoutMs: 2_000 })
  await connection.close()
  expect(sockets).toHaveLength(2)
})

test('who cannot join after it connected leaves no connection behind', async () => {
  const { server, sockets } = await greeter(() => true)
  const { port } = server.address() as { port: number }
  const ambient = {
    ...createAmbient(),
    now: (): number => {
      throw new Error('there is no time')
    },
  }
  const joined = connectMesh({
    app: shopApp(bench('one')),
    topology: topologyNamed('leaving'),
    service: 'front',
    ambient,
    logger: createLogger({ level: 'silent' }),
    servers: `nats://127.0.0.1:${port}`,
  })
  await expect(joined).rejects.toThrow('there is no time')
  const [socket] = sockets as [Socket]
  if (!socket.destroyed) await once(socket, 'close')
})
