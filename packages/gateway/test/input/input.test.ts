import { contract } from '@banyan/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { gatewayOf, json, serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const served = () =>
  serve({
    contracts: [inventory],
    operations: { 'inventory.search': () => ({ items: [], total: 0 }), 'inventory.count': () => undefined },
  })

describe('the query string', () => {
  test.each([
    ['text=42', { text: '42' }],
    ['limit=10', { limit: 10 }],
    ['below=1.5e1', { below: 15 }],
    ['active=true', { active: true }],
    ['tags=a', { tags: ['a'] }],
    ['tags=a&tags=b%26c', { tags: ['a', 'b&c'] }],
    ['tags=a,b', { tags: ['a,b'] }],
    ['sizes=1&sizes=2.5', { sizes: [1, 2.5] }],
    ['order=newest', { order: 'newest' }],
    ['order=7', { order: 7 }],
    ['shelf=', { shelf: null }],
    ['shelf=4', { shelf: 4 }],
    ['text=a+b', { text: 'a b' }],
    ['utm_source=mail', {}],
  ])('%s becomes the input', async (query, input) => {
    const { get, runtime } = await served()
    const response = await get(`/stock?${query}`)
    expect(response.status).toBe(200)
    expect(runtime.calls[0]?.input).toMatchObject(input)
  })

  test.each([
    'limit=ten',
    'limit=007',
    'limit=0x10',
    'limit=',
    'limit=1&limit=2',
    'limit=9007199254740993',
    'active=yes',
    'below=1e999',
    'sizes=x',
  ])('%s is not valid, and not guessed at', async (query) => {
    const { get } = await served()
    const response = await get(`/stock?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid-input', issues: [{ path: expect.anything() }] })
  })

  test('any text arrives as it was sent', async () => {
    const { get, runtime } = await served()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (text) => {
        fc.pre(!text.includes('\0'))
        const response = await get(`/stock?text=${encodeURIComponent(text)}`)
        expect(response.status).toBe(200)
        expect(runtime.calls.at(-1)?.input).toMatchObject({ text })
      }),
      { numRuns: 50 },
    )
  })
})

describe('path, query string and body together', () => {
  const count = (path: string, body: unknown) => async (get: Awaited<ReturnType<typeof served>>['get']) =>
    get(path, { ...json(body), method: 'PUT' })

  test('form the input', async () => {
    const { get, runtime } = await served()
    const response = await count('/stock/tea/count?note=by+hand&utm_source=x', { counted: 3 })(get)
    expect(response.status).toBe(204)
    expect(runtime.calls[0]?.input).toEqual({ sku: 'tea', counted: 3, note: 'by hand' })
  })

  test('one name given twice is taken when the values agree, refused when they differ', async () => {
    const { get } = await served()
    expect((await count('/stock/tea/count', { sku: 'tea', counted: 3 })(get)).status).toBe(204)
    const response = await count('/stock/tea/count', { sku: 'milk', counted: 3 })(get)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid-input', issues: [{ path: ['sku'] }] })
  })

  test('a body that is no object cannot take path parameters', async () => {
    const { get } = await served()
    expect((await count('/stock/tea/count', [1])(get)).status).toBe(400)
  })
})

describe('the body', () => {
  const put = (body: string | Uint8Array, headers: Record<string, string>): RequestInit => ({
    method: 'PUT',
    body,
    headers,
  })
  const type = { 'content-type': 'application/json' }

  test.each([
    ['{"counted": 1', type, 400, 'invalid-request'],
    ['{"__proto__": {"counted": 1}}', type, 400, 'invalid-request'],
    ['{"constructor": {"prototype": {"counted": 1}}}', type, 400, 'invalid-request'],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), type, 400, 'invalid-request'],
    ['counted=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
    ['{"counted": 1}', { 'content-type': 'application/json; charset=latin1' }, 415, 'unsupported-media-type'],
    ['{"counted": 1}', { ...type, 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['{"counted": 1}', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    [`{"note": "${'x'.repeat(2000)}"}`, type, 413, 'payload-too-large'],
  ])('%s %j is %i %s', async (body, headers, status, code) => {
    const { get, runtime } = await serve({ contracts: [inventory] }, { limits: { bodyBytes: 1000 } })
    const response = await get('/stock/tea/count', put(body, headers))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code })
    expect(runtime.calls).toHaveLength(0)
  })

  test.each([
    'application/json; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/merge-patch+json',
    'Application/JSON',
  ])('%s is JSON', async (contentType) => {
    const { get } = await served()
    expect((await get('/stock/tea/count', put('{"counted": 1}', { 'content-type': contentType }))).status).toBe(204)
  })

  test('fields that the schema does not name do not reach the handler', async () => {
    const seen: unknown[] = []
    const { get } = await serve({
      contracts: [inventory],
      operations: { 'inventory.count': ({ input }) => void seen.push(input) },
    })
    await get('/stock/tea/count', put('{"counted": 1, "admin": true}', type))
    expect(seen).toEqual([{ sku: 'tea', counted: 1 }])
  })
})

describe('what cannot come over HTTP is refused at the start, all at once', () => {
  test('routes', () => {
    const shelf = z.object({ row: z.number() })
    const odd = contract({
      name: 'odd',
      version: '1.0.0',
      queries: {
        near: { input: z.object({ shelf, text: z.string() }), output: z.string(), http: 'GET /near' },
        other: { input: z.object({ text: z.string() }), output: z.string(), http: 'GET /stock/{text}' },
        own: { output: z.string(), http: 'GET /healthz' },
      },
    })
    const start = () =>
      gatewayOf(
        { contracts: [odd, inventory] },
        {
          routes: [
            { module: 'odd', route: 'POST /sweeps' },
            { module: 'odd', route: 'PURGE /x' },
          ],
        },
      )
    expect(start).toThrowErrorMatchingInlineSnapshot(`
      [BanyanError: The app market does not fit together
        ✗ module odd · routes['PURGE /x']
            'PURGE' is not a method that can be served
            allowed: METHOD /path/{parameter}
            remedy:  Correct the key of the route.
        ✗ module odd · queries.near.http
            a query string cannot carry shelf, and GET has no body
            allowed: strings, numbers, integers, booleans and lists of these
            remedy:  Use POST, or flatten the input.
        ✗ module odd · queries.other.http
            'GET /stock/{text}' is served by module inventory, queries.level.http already
            allowed: one owner per method and path
            remedy:  Choose another path.
        ✗ module odd · queries.own.http
            'GET /healthz' is served by the gateway itself
            allowed: any but /healthz, /readyz, /metrics, /openapi.json, /docs
            remedy:  Choose another path.
        ✗ module odd · routes['POST /sweeps']
            'POST /sweeps' is served by module inventory, commands.sweep.http already
            allowed: one owner per method and path
            remedy:  Choose another path.]
    `)
  })
})
