import { banyanError, errorData } from '@banyan/errors'
import { describe, expect, test, vi } from 'vitest'
import { gatewayOf, json, serve } from '../support/gateways.js'
import { failure } from '../support/scripted-runtime.js'
import { inventory } from '../support/shop.js'

const orderId = '8e03978e-40d5-43e8-bc93-6894a57f9324'
const lines = [{ sku: 'tea', quantity: 2 }]
const clerk = { subject: 'clerk', permissions: ['order:write', 'stock:hold'] }

describe('an operation over HTTP', () => {
  test('a query answers with its output', async () => {
    const { get, runtime } = await serve({
      contracts: [inventory],
      operations: { 'inventory.level': ({ input }) => ({ ...(input as object), available: 3 }) },
    })
    const response = await get('/stock/green%2Ftea')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('server')).toBeNull()
    expect(await response.json()).toEqual({ sku: 'green/tea', available: 3 })
    expect(runtime.calls[0]).toMatchObject({ module: 'inventory', operation: 'level', input: { sku: 'green/tea' } })
  })

  test('a null output of a GET is 404, told as a problem', async () => {
    const { get } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => null } })
    const response = await get('/stock/none')
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'not-found', type: 'urn:banyan:error:not-found', status: 404 })
  })

  test('a command without input and output answers 204 without a body', async () => {
    const { get, runtime } = await serve({ contracts: [inventory] })
    const response = await get('/sweeps', { method: 'POST' })
    expect(response.status).toBe(204)
    expect(response.headers.get('content-length')).toBeNull()
    expect(await response.text()).toBe('')
    expect(runtime.calls[0]?.input).toBeUndefined()
  })

  test('a declared error keeps its status and details (P6)', async () => {
    const { get } = await serve(
      {
        contracts: [inventory],
        operations: {
          'inventory.reserve': () =>
            failure(errorData(inventory.errors.outOfStock.create({ sku: 'tea', available: 1 }))),
        },
      },
      { identify: () => clerk },
    )
    const response = await get('/reservations', json({ orderId, lines }))
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({
      type: 'urn:banyan:error:inventory.outOfStock',
      title: 'Out of stock',
      status: 409,
      detail: 'Only 1 left of tea',
      code: 'inventory.outOfStock',
      retryable: false,
      details: { sku: 'tea', available: 1 },
    })
  })

  test('invalid input is told with the path to each place', async () => {
    const { get } = await serve({ contracts: [inventory] }, { identify: () => clerk })
    const response = await get('/reservations', json({ orderId: 'x', lines: [] }))
    expect(response.status).toBe(400)
    const problem = (await response.json()) as { code: string; issues: { path: string[] }[] }
    expect(problem.code).toBe('invalid-input')
    expect(problem.issues.map(({ path }) => path.join('.'))).toEqual(['orderId', 'lines'])
  })

  test('an undeclared error of another module stays inside', async () => {
    const secret = { code: 'ledger.secret', message: 'balance is 12', status: 409, retryable: false }
    const { get, logged } = await serve({
      contracts: [inventory],
      operations: { 'inventory.level': () => failure(secret) },
    })
    const response = await get('/stock/tea')
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).toContain('"code":"internal"')
    expect(text).not.toMatch(/secret|balance/)
    expect(logged).toHaveLength(1)
  })

  test('a runtime that rejects is an internal error without its message', async () => {
    const { get, logged } = await serve({
      contracts: [inventory],
      operations: {
        'inventory.level': () => {
          throw new Error('password is hunter2')
        },
      },
    })
    const response = await get('/stock/tea')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('hunter2')
    expect(JSON.stringify(logged.map(({ message }) => message))).toContain('nobody foresaw')
  })

  test('details of a fault of the server are not told', async () => {
    const error = errorData(
      banyanError('store-start-failed', { summary: 'x' }, { details: { log: '/var/lib/secret' } }),
    )
    const { get } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => failure(error) } })
    expect(await (await get('/stock/tea')).text()).not.toContain('/var/lib')
  })

  test('overloaded and unavailable say when to come back', async () => {
    const overloaded = errorData(banyanError('overloaded', { what: 'x' }, { details: { retryAfterMs: 2500 } }))
    const { get } = await serve({
      contracts: [inventory],
      operations: { 'inventory.level': () => failure(overloaded) },
    })
    const response = await get('/stock/tea')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('3')
  })
})

describe('methods', () => {
  test('another method of a known path is 405 with Allow', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/stock/tea', { method: 'DELETE' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
  })

  test('OPTIONS tells the methods; HEAD is GET without a body', async () => {
    const { get } = await serve({
      contracts: [inventory],
      operations: { 'inventory.level': () => ({ sku: 'tea', available: 3 }) },
    })
    const options = await get('/stock/tea', { method: 'OPTIONS' })
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    const head = await get('/stock/tea', { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe(String('{"sku":"tea","available":3}'.length))
    expect(await head.text()).toBe('')
  })

  test('an unknown path is 404, and its body is not read', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/nowhere', {
      method: 'POST',
      body: 'not json',
      headers: { 'content-type': 'application/json' },
    })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'not-found' })
  })
})

describe('access', () => {
  test('without access the caller must be known', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/mine')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toMatchObject({
      code: 'not-authenticated',
      details: { remedy: expect.stringContaining('no `identify`') },
    })
    const { get: getIdentified } = await serve({ contracts: [inventory] }, { identify: () => undefined })
    expect(await (await getIdentified('/mine')).json()).not.toHaveProperty('details')
  })

  test('every permission of the list is needed', async () => {
    const { get } = await serve(
      { contracts: [inventory] },
      { identify: async () => ({ subject: 'x', permissions: ['order:write'] }) },
    )
    const response = await get('/reservations', json({ orderId, lines }))
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'access-denied', details: { missing: ['stock:hold'] } })
  })

  test('the identity travels with the call (P7)', async () => {
    const { get, runtime } = await serve(
      { contracts: [inventory], operations: { 'inventory.mine': ({ identity }) => ({ subject: identity?.subject }) } },
      { identify: ({ headers }) => ({ subject: String(headers['x-user']), permissions: [] }) },
    )
    expect(await (await get('/mine', { headers: { 'x-user': 'ada' } })).json()).toEqual({ subject: 'ada' })
    expect(runtime.calls[0]?.identity).toEqual({ subject: 'ada', permissions: [] })
  })

  test('an error of identify is the answer, thrown or rejected', async () => {
    const refusal = () => banyanError('not-authenticated', { operation: 'x' })
    const throwing = await serve(
      { contracts: [inventory] },
      {
        identify: () => {
          throw refusal()
        },
      },
    )
    expect((await throwing.get('/stock/tea')).status).toBe(401)
    const rejecting = await serve({ contracts: [inventory] }, { identify: () => Promise.reject(refusal()) })
    expect((await rejecting.get('/stock/tea')).status).toBe(401)
  })
})

describe('pages of other origins', () => {
  const origin = 'https://shop.example'
  const operations = { 'inventory.level': () => null }

  test('are not told anything unless they are named', async () => {
    const { get } = await serve({ contracts: [inventory], operations })
    const response = await get('/stock/tea', { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('that are named may call, also when the answer is a problem', async () => {
    const { get } = await serve(
      { contracts: [inventory], operations },
      { cors: { origins: [origin], credentials: true } },
    )
    const response = await get('/stock/tea', { headers: { origin } })
    expect(response.status).toBe(404)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
    expect(response.headers.get('vary')).toBe('origin')
    const other = await get('/nowhere', { headers: { origin: 'https://evil.example' } })
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([404, null])
    const asked = {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'idempotency-key',
    }
    const preflight = await get('/stock/tea/count', { method: 'OPTIONS', headers: asked })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key')
  })

  test('all of them with credentials are refused at the start', () => {
    expect(() => gatewayOf({}, { cors: { origins: 'all', credentials: true } })).toThrow(
      expect.objectContaining({ code: 'invalid-config' }),
    )
  })
})

describe('edges of paths and ends', () => {
  test('an empty segment is no parameter', async () => {
    const { get } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => null } })
    const response = await get('/stock/')
    expect(await response.json()).toMatchObject({ code: 'not-found', detail: expect.stringContaining('route') })
  })

  test('a call that this process cancelled is unavailable, since its client is still there', async () => {
    const cancelled = errorData(banyanError('cancelled', { operation: 'x' }))
    const { get } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => failure(cancelled) } })
    const response = await get('/stock/tea')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
  })

  test('requests are written to the log when that is asked for', async () => {
    const { get, logged } = await serve(
      { contracts: [inventory], operations: { 'inventory.level': () => null } },
      { requestLog: true },
    )
    await get('/stock/tea', { headers: { 'x-correlation-id': 'c-1' } })
    await vi.waitFor(() => expect(logged).toHaveLength(1))
    expect(logged[0]).toEqual({
      message: 'GET /stock/{sku} 404',
      fields: { status: 404, durationMs: expect.any(Number), correlationId: 'c-1' },
    })
  })
})
