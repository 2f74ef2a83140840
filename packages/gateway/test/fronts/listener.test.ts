import { createServer } from 'node:net'
import type { ExternalCall } from '@banyan/runtime'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { gatewayOf, serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'
import { gate, rawClient } from '../support/sockets.js'

describe('listening', () => {
  test('a port that is taken is named', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const { gateway } = gatewayOf({ contracts: [inventory] }, { port })
    await expect(gateway.listen()).rejects.toMatchObject({
      code: 'port-in-use',
      message: `Port ${port} on 127.0.0.1 is taken`,
    })
    await gateway.close()
  })

  test('tells the URL, the port that was taken included', async () => {
    const { gateway } = gatewayOf({ contracts: [inventory] })
    const { url, host, port } = await gateway.listen()
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect(host).toBe('127.0.0.1')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    await gateway.close()
  })
})

describe('closing', () => {
  test('ends idle connections, lets a request under way finish, and says that its connection ends', async () => {
    const started = gate()
    const busy = gate()
    const { gateway, url } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.sweep': () => {
          started.open()
          return busy.promise
        },
      },
    })
    const idle = rawClient(url)
    idle.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await idle.until(/"modules":\[\]/)
    const running = rawClient(url)
    running.socket.write('POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await started.promise
    const closed = gateway.close()
    await idle.ended
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    expect(running.received()).toBe('')
    busy.open()
    const answer = await running.ended
    expect(answer).toMatch(/^HTTP\/1\.1 204 /)
    expect(answer.toLowerCase()).toContain('connection: close')
    await closed
    await gateway.close()
  })

  test('cuts what is still under way at the deadline', async () => {
    const started = gate<ExternalCall['signal']>()
    const { gateway, url } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.sweep': ({ signal }) => {
          started.open(signal)
          return new Promise(() => undefined)
        },
      },
    })
    const running = rawClient(url)
    running.socket.write('POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    const signal = await started.promise
    await gateway.close(20)
    expect(await running.ended).toBe('')
    await vi.waitFor(() => expect(signal?.aborted).toBe(true))
  })

  test('is not ready any more while it closes', async () => {
    const busy = gate()
    const started = gate()
    const { gateway, url } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.sweep': () => {
          started.open()
          return busy.promise
        },
      },
    })
    const client = rawClient(url)
    // Two requests on one connection: the second is read when the first has been answered.
    client.socket.write('POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await started.promise
    const closed = gateway.close()
    expect((await gateway.fetch(new Request('http://x/readyz'))).status).toBe(503)
    busy.open()
    await client.ended
    await closed
  })
})
