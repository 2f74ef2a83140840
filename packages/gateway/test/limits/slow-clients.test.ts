import { describe, expect, test, vi } from 'vitest'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'
import { rawClient } from '../support/sockets.js'

const limits = { headersTimeoutMs: 200, requestTimeoutMs: 400, timeoutCheckMs: 50, stalledTimeoutMs: 200 }

describe('slow clients (P9)', () => {
  test('headers that do not end are cut off with 408', async () => {
    const { url } = await serve({ contracts: [inventory] }, { limits })
    const client = rawClient(url)
    client.socket.write('GET /stock/tea HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const drip = setInterval(() => client.socket.write('a'), 20)
    const answer = await client.ended
    clearInterval(drip)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('application/problem+json')
    expect(answer).toContain('"code":"request-timeout"')
  })

  test('a body that does not end is cut off with 408, and runs nothing', async () => {
    const { url, runtime } = await serve({ contracts: [inventory] }, { limits })
    const client = rawClient(url)
    client.socket.write(
      'PUT /stock/tea/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"counted": ',
    )
    const drip = setInterval(() => client.socket.write(' '), 20)
    const answer = await client.ended
    clearInterval(drip)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(runtime.calls).toHaveLength(0)
  })

  test('a client that does not read its response is cut off, one that waits for events is not', async () => {
    const block = new TextEncoder().encode('x'.repeat(1 << 20))
    let cancelled = false
    let send: (text: string) => void = () => undefined
    const flood = (): Response =>
      new Response(
        new ReadableStream({
          pull: (stream) => stream.enqueue(block),
          cancel: () => {
            cancelled = true
          },
        }),
      )
    const events = (): Response =>
      new Response(
        new ReadableStream({
          start: (stream) => {
            send = (text) => stream.enqueue(new TextEncoder().encode(text))
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    const { url } = await serve(
      { routes: { 'files GET /flood': flood, 'files GET /events': events } },
      {
        limits,
        routes: [
          { module: 'files', route: 'GET /flood', access: 'public' },
          { module: 'files', route: 'GET /events', access: 'public' },
        ],
      },
    )
    const waiting = rawClient(url)
    waiting.socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
    await waiting.until(/text\/event-stream/)
    const stalled = rawClient(url)
    stalled.socket.pause()
    stalled.socket.write('GET /flood HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(cancelled).toBe(true), { timeout: 20_000 })
    // The client that waits has been idle for longer than the one that was cut.
    send('data: hello\n\n')
    await waiting.until(/data: hello/)
    waiting.socket.destroy()
    stalled.socket.destroy()
  })

  test('a connection without a request is not kept for longer than is said', async () => {
    const { url } = await serve({ contracts: [inventory] }, { limits: { ...limits, keepAliveTimeoutMs: 50 } })
    const client = rawClient(url)
    client.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await client.ended).toMatch(/^HTTP\/1\.1 200 /)
    const silent = rawClient(url)
    // Headers that never begin are a matter of the time for headers, or of the idle connection, whichever is first.
    expect(await silent.ended).not.toContain('200')
  })

  test.each([
    ['bytes that are no HTTP', 'nonsense\r\n\r\n', 400, 'invalid-request'],
    [
      'headers beyond the limit',
      `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'more headers than the limit',
      `GET /stock HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'A: b\r\n'.repeat(101)}\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'a URL beyond the limit',
      `GET /stock?text=${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      414,
      'uri-too-long',
    ],
    [
      'a path that is not encoded well',
      'GET /stock/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
      'invalid-request',
    ],
    [
      'a body that grows beyond the limit',
      `PUT /stock/tea/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`8000\r\n${' '.repeat(0x8000)}\r\n`.repeat(40)}`,
      413,
      'payload-too-large',
    ],
    [
      'a length and chunks at once',
      'PUT /stock/tea/count HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'invalid-request',
    ],
  ])('%s', async (_, bytes, status, code) => {
    const { url } = await serve({ contracts: [inventory] })
    const client = rawClient(url)
    client.socket.write(bytes)
    const answer = await client.ended
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain(`"code":"${code}"`)
  })
})
