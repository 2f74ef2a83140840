import { contract } from '@banyan/contract'
import { defineModule } from '@banyan/module'
import { describe, expect, test } from 'vitest'
import { rawRoutesOf } from '../../src/index.js'
import { serve } from '../support/gateways.js'
import { gate, rawClient } from '../support/sockets.js'

const open = (route: string) => ({ module: 'files', route, access: 'public' as const })

describe('raw routes', () => {
  test('get the request as it was sent, whatever its type, and answer as they like', async () => {
    const { get, url } = await serve(
      {
        routes: {
          'files POST /hooks/{name}': async (request, { correlationId, traceparent }) => {
            const body = Buffer.from(await request.arrayBuffer()).toString('hex')
            const headers = new Headers({ 'content-type': 'text/plain', 'x-body': body, 'cache-control': 'max-age=5' })
            headers.append('set-cookie', 'a=1')
            headers.append('set-cookie', 'b=2')
            headers.set('x-seen', `${request.method} ${request.url} ${request.headers.get('x-signature')}`)
            headers.set('x-context', String(correlationId !== undefined && traceparent?.includes(correlationId)))
            return new Response('taken', { status: 202, headers })
          },
        },
      },
      { routes: [open('POST /hooks/{name}')] },
    )
    const response = await get('/hooks/a%20b?x=1', {
      method: 'POST',
      body: new Uint8Array([0, 255, 1]),
      headers: { 'content-type': 'application/x-anything', 'x-signature': 'abc' },
    })
    expect(response.status).toBe(202)
    expect(await response.text()).toBe('taken')
    expect(response.headers.get('x-body')).toBe('00ff01')
    expect(response.headers.get('x-seen')).toBe(`POST ${url}/hooks/a%20b?x=1 abc`)
    expect(response.headers.get('x-context')).toBe('true')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('cache-control')).toBe('max-age=5')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('a path with two slashes cannot name another host', async () => {
    const seen: string[] = []
    const { url } = await serve(
      {
        routes: { 'files GET /{a}/{b}': (request) => new Response(void seen.push(new URL(request.url).host) as never) },
      },
      { routes: [open('GET /{a}/{b}')] },
    )
    const client = rawClient(url)
    client.socket.write('GET /x/evil.example HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n')
    await client.ended
    expect(seen).toEqual(['shop.example'])
  })

  test('streams go both ways while they last', async () => {
    const { url } = await serve(
      { routes: { 'files POST /echo': (request) => new Response(request.body) } },
      { routes: [open('POST /echo')] },
    )
    const client = rawClient(url)
    client.socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
    await client.until(/first/)
    client.socket.write('6\r\nsecond\r\n0\r\n\r\n')
    await client.until(/second/)
    client.socket.destroy()
  })

  test('a body beyond the limit is 413, told by its length or found on the way', async () => {
    const { get } = await serve(
      {
        routes: { 'files POST /up': async (request) => new Response(String((await request.arrayBuffer()).byteLength)) },
      },
      { routes: [open('POST /up')], limits: { rawBodyBytes: 1000 } },
    )
    expect(await (await get('/up', { method: 'POST', body: 'x'.repeat(1000) })).text()).toBe('1000')
    expect((await get('/up', { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413)
    const stream = new ReadableStream({
      start: (controller) => {
        for (let index = 0; index < 3; index++) controller.enqueue(new TextEncoder().encode('x'.repeat(500)))
        controller.close()
      },
    })
    const chunked = await get('/up', { method: 'POST', body: stream, duplex: 'half' } as RequestInit)
    expect(chunked.status).toBe(413)
    expect(await chunked.json()).toMatchObject({ code: 'payload-too-large' })
  })

  test('a client that gives up aborts the request and ends the stream of the response', async () => {
    const started = gate<AbortSignal>()
    const cancelled = gate()
    const { url } = await serve(
      {
        routes: {
          'files GET /events': (request) => {
            started.open(request.signal)
            return new Response(new ReadableStream({ cancel: () => cancelled.open() }))
          },
        },
      },
      { routes: [open('GET /events')] },
    )
    const client = rawClient(url)
    client.socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
    const signal = await started.promise
    await client.until(/\r\n\r\n/)
    client.socket.destroy()
    await cancelled.promise
    expect(signal.aborted).toBe(true)
  })

  test('HEAD tells the headers and ends the stream that nobody reads', async () => {
    const cancelled = gate()
    const { get } = await serve(
      {
        routes: {
          'files GET /events': () =>
            new Response(new ReadableStream({ cancel: () => cancelled.open() }), { headers: { 'x-kind': 'events' } }),
        },
      },
      { routes: [open('GET /events')] },
    )
    const response = await get('/events', { method: 'HEAD' })
    expect([response.status, response.headers.get('x-kind')]).toEqual([200, 'events'])
    await cancelled.promise
  })

  test('an error of the handler is a problem; without access a caller must be known', async () => {
    const { get } = await serve(
      {
        routes: {
          'files GET /broken': () => {
            throw new Error('password is hunter2')
          },
        },
      },
      { routes: [open('GET /broken'), { module: 'files', route: 'GET /closed' }] },
    )
    const response = await get('/broken')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('hunter2')
    expect((await get('/closed')).status).toBe(401)
  })

  test('are found in module definitions', () => {
    const files = defineModule(contract({ name: 'files', version: '1.0.0' }), {
      routes: {
        'GET /a': () => new Response(),
        'POST /b': { access: ['file:write'], handler: () => new Response() },
      },
    })
    expect(rawRoutesOf([files])).toEqual([
      { module: 'files', route: 'GET /a' },
      { module: 'files', route: 'POST /b', access: ['file:write'] },
    ])
  })
})
