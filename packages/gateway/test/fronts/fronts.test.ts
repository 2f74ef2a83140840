import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExternalCall } from '@banyan/runtime'
import fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gatewayOf, json } from '../support/gateways.js'
import { inventory } from '../support/shop.js'
import { gate } from '../support/sockets.js'

const script = {
  contracts: [inventory],
  operations: {
    'inventory.level': () => ({ sku: 'tea', available: 3 }),
    'inventory.count': () => undefined,
  },
  routes: {
    'files POST /echo': (request: Request) => new Response(request.body, { headers: { 'x-url': request.url } }),
  },
}
const options = { routes: [{ module: 'files', route: 'POST /echo', access: 'public' as const }] }

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const fronts: Record<string, () => Promise<{ prefix: string; call: Fetch }>> = {
  listen: async () => {
    const { gateway } = gatewayOf(script, options)
    const { url } = await gateway.listen()
    onTestFinished(() => gateway.close(0))
    return { prefix: '', call: (path, init) => fetch(url + path, init) }
  },
  handler: async () => {
    const { gateway } = gatewayOf(script, options)
    const url = await listening((request, response) => gateway.handler(request, response))
    return { prefix: '', call: (path, init) => fetch(url + path, init) }
  },
  plugin: async () => {
    const { gateway } = gatewayOf(script, options)
    const host = fastify()
    await host.register(gateway.plugin, { prefix: '/api' })
    const url = await host.listen({ port: 0 })
    onTestFinished(() => host.close())
    return { prefix: '/api', call: (path, init) => fetch(`${url}/api${path}`, init) }
  },
  fetch: async () => {
    const { gateway } = gatewayOf(script, options)
    return {
      prefix: '/api',
      call: (path, init) => gateway.fetch(new Request(`http://shop.example/api${path}`, init), { prefix: '/api' }),
    }
  },
}

describe.each(Object.entries(fronts))('the same routes through %s', (_name, start) => {
  test('answer alike', async () => {
    const { call, prefix } = await start()
    const level = await call('/stock/tea')
    expect(level.status).toBe(200)
    expect(await level.json()).toEqual({ sku: 'tea', available: 3 })
    expect((await call('/stock/tea/count', { ...json({ counted: 1 }), method: 'PUT' })).status).toBe(204)
    const invalid = await call('/stock/tea/count', { ...json({ counted: 'x' }), method: 'PUT' })
    expect(invalid.status).toBe(400)
    expect(invalid.headers.get('content-type')).toBe('application/problem+json')
    expect((await call('/stock/tea', { method: 'DELETE' })).status).toBe(405)
    expect(await (await call('/nowhere')).json()).toMatchObject({ code: 'not-found' })
    const head = await call('/stock/tea', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const document = (await (await call('/openapi.json')).json()) as { servers?: { url: string }[] }
    expect(document.servers?.[0]?.url ?? '').toBe(prefix)
    expect(await (await call('/docs')).text()).toContain('<title>market</title>')
  })

  test('stream raw bodies', async () => {
    const { call, prefix } = await start()
    const response = await call('/echo?x=1', { method: 'POST', body: 'hello' })
    expect(await response.text()).toBe('hello')
    expect(new URL(response.headers.get('x-url') ?? '').pathname).toBe(`${prefix}/echo`)
  })
})

describe('as middleware', () => {
  test('what fits no route goes to who is next', async () => {
    const { gateway } = gatewayOf(script, options)
    const url = await listening((request, response) =>
      gateway.handler(request, response, () => response.end(`legacy ${request.url}`)),
    )
    expect(await (await fetch(`${url}/old/page`)).text()).toBe('legacy /old/page')
    expect(await (await fetch(`${url}/stock/tea`, { method: 'DELETE' })).text()).toBe('legacy /stock/tea')
    expect((await fetch(`${url}/stock/tea`)).status).toBe(200)
  })

  test('a body that was parsed before is used', async () => {
    const { gateway, runtime } = gatewayOf(script, options)
    const url = await listening((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        // As express.json() and a mount under /api leave it.
        Object.assign(request, {
          body: JSON.parse(Buffer.concat(chunks).toString()),
          originalUrl: request.url,
          url: request.url?.slice('/api'.length),
        })
        gateway.handler(request, response, (error) => response.end(String(error)))
      })
    })
    const response = await fetch(`${url}/api/stock/tea/count`, { ...json({ counted: 7 }), method: 'PUT' })
    expect(response.status).toBe(204)
    expect(runtime.calls[0]?.input).toEqual({ sku: 'tea', counted: 7 })
  })
})

describe('in a Fastify application', () => {
  test('its own parsers, hooks and routes stay as they are', async () => {
    const { gateway } = gatewayOf(script, options)
    const host = fastify()
    onTestFinished(() => host.close())
    const seen: string[] = []
    host.addHook('onRequest', async (request) => void seen.push(request.url))
    host.addContentTypeParser('application/xml', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    host.post('/own', async (request) => ({ body: request.body }))
    // #region plugin
    await host.register(gateway.plugin, { prefix: '/api' })
    // #endregion
    const own = await host.inject({
      method: 'POST',
      url: '/own',
      headers: { 'content-type': 'application/xml' },
      payload: '<a/>',
    })
    expect(own.json()).toEqual({ body: '<a/>' })
    expect((await host.inject('/api/stock/tea')).json()).toEqual({ sku: 'tea', available: 3 })
    expect((await host.inject('/api')).statusCode).toBe(404)
    expect(seen).toEqual(['/own', '/api/stock/tea', '/api'])
  })
})

describe('web requests', () => {
  test('that are given up cancel their call (P7)', async () => {
    const started = gate<ExternalCall['signal']>()
    const { gateway } = gatewayOf({
      contracts: [inventory],
      operations: {
        'inventory.sweep': ({ signal }) => {
          started.open(signal)
          return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined)))
        },
      },
    })
    const controller = new AbortController()
    const answer = gateway.fetch(new Request('http://x/sweeps', { method: 'POST', signal: controller.signal }))
    const signal = await started.promise
    controller.abort()
    await expect(answer).rejects.toThrow()
    expect(signal?.aborted).toBe(true)
  })

  test('beside the prefix are not taken for below it', async () => {
    const { gateway } = gatewayOf(script, options)
    const response = await gateway.fetch(new Request('http://x/apistock/tea'), { prefix: '/api' })
    expect(response.status).toBe(404)
  })

  test('stream their response', async () => {
    let push: (text: string) => void = () => undefined
    const { gateway } = gatewayOf(
      {
        routes: {
          'files GET /events': () =>
            new Response(
              new ReadableStream({
                start: (stream) => {
                  push = (text) => stream.enqueue(new TextEncoder().encode(text))
                },
              }),
            ),
        },
      },
      { routes: [{ module: 'files', route: 'GET /events', access: 'public' }] },
    )
    const response = await gateway.fetch(new Request('http://x/events'))
    const reader = response.body?.getReader()
    push('one')
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one')
    push('two')
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('two')
    await reader?.cancel()
  })
})
