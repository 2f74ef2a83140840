import type { ExternalCall } from '@banyan/runtime'
import { describe, expect, test, vi } from 'vitest'
import { json, serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'
import { gate, rawClient } from '../support/sockets.js'

describe('requests in flight (P9)', () => {
  test('beyond the limit are refused at once, and there is room again afterwards', async () => {
    const busy = gate()
    const { get } = await serve(
      { contracts: [inventory], operations: { 'inventory.sweep': () => busy.promise, 'inventory.level': () => null } },
      { limits: { inFlight: 2, retryAfterMs: 3000 } },
    )
    const running = [get('/sweeps', { method: 'POST' }), get('/sweeps', { method: 'POST' })]
    const text = async () => (await get('/metrics')).text()
    await vi.waitFor(async () => expect(await text()).toContain('banyan_http_requests_in_flight 2'))
    const refused = await get('/stock/tea')
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('3')
    expect(await refused.json()).toMatchObject({
      code: 'overloaded',
      retryable: true,
      detail: expect.stringContaining('3000 ms'),
    })
    expect((await get('/healthz')).status).toBe(200)
    busy.open()
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([204, 204])
    await vi.waitFor(async () => expect((await get('/stock/tea')).status).toBe(404))
  })

  test('a client that sends its body slowly takes no place', async () => {
    const { url, get } = await serve(
      { contracts: [inventory], operations: { 'inventory.level': () => null } },
      { limits: { inFlight: 1 } },
    )
    const slow = rawClient(url)
    slow.socket.write(
      'PUT /stock/tea/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n',
    )
    expect((await get('/stock/tea')).status).toBe(404)
    slow.socket.write('{"counted": 10}')
    expect(await slow.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 204 /)
    slow.socket.destroy()
  })

  test('a client that gives up cancels its call (P7) and leaves its place', async () => {
    const started = gate<ExternalCall['signal']>()
    const { get, url } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.sweep': ({ signal }) => {
          started.open(signal)
          return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined)))
        },
      },
    })
    const client = rawClient(url)
    client.socket.write('POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    const signal = await started.promise
    expect(signal?.aborted).toBe(false)
    client.socket.destroy()
    await vi.waitFor(() => expect(signal?.aborted).toBe(true))
    const metrics = await (await get('/metrics')).text()
    expect(metrics).toContain('banyan_http_requests_in_flight 0')
    expect(metrics).toContain('banyan_http_requests_total{method="POST",route="/sweeps",status="499"} 1')
  })

  test('a client that gives up cancels all that it sent in a row', async () => {
    const signals: ExternalCall['signal'][] = []
    let cancelled = 0
    const { url } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.sweep': ({ signal }) => {
          signals.push(signal)
          return new Promise((resolve) =>
            signal?.addEventListener('abort', () => {
              cancelled++
              resolve(undefined)
            }),
          )
        },
      },
    })
    const client = rawClient(url)
    client.socket.write('POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'.repeat(3))
    await vi.waitFor(() => expect(signals).toHaveLength(3))
    client.socket.destroy()
    await vi.waitFor(() => expect(cancelled).toBe(3))
  })

  test('a call that ended is not cancelled', async () => {
    const { get, runtime } = await serve({ contracts: [inventory] })
    await get('/sweeps', { method: 'POST', ...json({}) })
    await get('/healthz')
    expect(runtime.calls[0]?.signal?.aborted).toBe(false)
  })

  test('connections beyond the limit are closed', async () => {
    const { url } = await serve({ contracts: [inventory] }, { limits: { connections: 1 } })
    const first = rawClient(url)
    first.socket.write('GET /stock/tea HTTP/1.1\r\nHost: x\r\n\r\n')
    await first.until(/HTTP\/1\.1 404/)
    const second = rawClient(url)
    second.socket.write('GET /stock/tea HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await second.ended).toBe('')
    first.socket.destroy()
  })
})
