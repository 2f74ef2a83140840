import { banyanError } from '@banyan/errors'
import { describe, expect, test } from 'vitest'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'
import { gate, rawClient } from '../support/sockets.js'

describe('/healthz', () => {
  test('tells the report of the runtime, without identity', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ state: 'running', ready: true, modules: [], edges: [] })
  })

  test('is 503 when the app has stopped', async () => {
    const { get } = await serve({ health: { state: 'stopped', ready: false, modules: [], edges: [] } })
    expect((await get('/healthz')).status).toBe(503)
  })
})

describe('/readyz', () => {
  test('is 200 when the app is ready', async () => {
    const { get } = await serve({})
    expect(await (await get('/readyz')).json()).toEqual({ ready: true })
  })

  test('is 503 with what is missing, and without internals', async () => {
    const known = await serve({
      check: () => Promise.reject(banyanError('store-version-mismatch', { found: '14', wanted: '15' })),
    })
    const response = await known.get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'store-version-mismatch' })
    const unknown = await serve({ check: () => Promise.reject(new Error('password wrong for app')) })
    const other = await unknown.get('/readyz')
    expect(other.status).toBe(503)
    expect(await other.text()).not.toContain('password')
  })

  test('checks once for however many ask at a time (P9)', async () => {
    let checks = 0
    const checked = gate()
    const arrived = gate()
    const { url } = await serve({
      contracts: [inventory],
      operations: { 'inventory.sweep': () => arrived.open() },
      check: () => {
        checks++
        return checked.promise
      },
    })
    const client = rawClient(url)
    // Requests in a row on one connection are handled in their order, so when the last has arrived all have.
    const ask = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'
    client.socket.write(`${ask}${ask}${ask}POST /sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
    await arrived.promise
    expect(checks).toBe(1)
    checked.open()
    await client.until(/204 No Content/)
    expect(client.received().match(/"ready":true/g)).toHaveLength(3)
    client.socket.write(ask)
    await client.until(/(?:"ready":true[\s\S]*){4}/)
    expect(checks).toBe(2)
    client.socket.destroy()
  })
})

describe('a gateway that serves its health alone', () => {
  test('answers probes and scrapers, and knows no operation', async () => {
    const { get } = await serve({ contracts: [inventory] }, { serves: 'health' })
    expect([(await get('/healthz')).status, (await get('/readyz')).status, (await get('/metrics')).status]).toEqual([
      200, 200, 200,
    ])
    for (const path of ['/openapi.json', '/docs', '/stock/tea']) expect((await get(path)).status).toBe(404)
  })
})

test('drained, it is not ready, and goes on to answer', async () => {
  const { get, gateway } = await serve({ contracts: [inventory] })
  gateway.drain()
  expect((await get('/readyz')).status).toBe(503)
  const healthy = await get('/healthz')
  expect([healthy.status, healthy.headers.get('connection')]).toEqual([200, 'close'])
})
