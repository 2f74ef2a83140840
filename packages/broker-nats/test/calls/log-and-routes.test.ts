import { type LogEvent, laneCount, payloadLimitBytes } from '@banyan/runtime'
import { expect, test } from 'vitest'
import { MemoryStore } from './memory-store.js'
import { bench } from './shop.js'
import { meshSuite, until } from './suite.js'

const event = (lane: number, position: number, data: string): LogEvent => ({
  id: `e${lane}-${position}`,
  lane,
  key: 'k',
  type: 'changed',
  version: 1,
  data,
  at: 5,
  context: '{"correlationId":"c"}',
  position,
})
const positions = new Array<number>(laneCount).fill(3)

meshSuite('logs and routes of other processes', (suite) => {
  test('a log is read as its owner reads it', async () => {
    const store = new MemoryStore()
    store.heads = { incarnation: 'one@1', positions }
    store.events.push(event(1, 1, '{"a":"ü"}'), event(1, 2, '""'), event(7, 1, '{}'))
    await suite.start({ service: 'stocks', store })
    const { mesh } = await suite.start({ service: 'sales' })
    const log = mesh.source('stock')
    expect(await log.heads()).toEqual(store.heads)
    expect(await log.positionsBefore(9)).toEqual([9])
    const after = [1, 7].map((lane) => ({ lane, after: 0 }))
    const events = await log.read(after, 10)
    expect(events.map(({ id }) => id)).toEqual(['e1-1', 'e7-1', 'e1-2'])
    expect(events).toEqual(expect.arrayContaining(store.events))
    expect(await log.read([{ lane: 1, after: 1 }], 10)).toEqual([store.events[1]])
  })

  test('what does not fit into a message is cut, fairly over lanes and without a gap', async () => {
    const store = new MemoryStore()
    const large = JSON.stringify('"'.repeat(150_000))
    for (let position = 1; position <= 6; position++) store.events.push(event(1, position, large))
    store.events.push(event(2, 1, large), event(2, 2, large))
    await suite.start({ service: 'stocks', store })
    const { mesh } = await suite.start({ service: 'sales' })
    const cursor = new Map([1, 2].map((lane) => [lane, 0]))
    const seen: string[] = []
    for (let reads = 1; seen.length < 8 && reads < 10; reads++) {
      const after = [...cursor].map(([lane, position]) => ({ lane, after: position }))
      const events = await mesh.source('stock').read(after, 100)
      expect(events.length).toBeLessThan(4)
      if (reads === 1) expect(new Set(events.map(({ lane }) => lane)).size).toBe(2)
      for (const { lane, position, id } of events) {
        expect(position).toBe((cursor.get(lane) ?? 0) + 1)
        cursor.set(lane, position)
        seen.push(id)
      }
    }
    expect(seen).toHaveLength(8)
  })

  test('a service registers its own modules only (P8)', async () => {
    const store = new MemoryStore()
    await suite.start({ service: 'stocks', store })
    const { mesh } = await suite.start({ service: 'sales' })
    await mesh.source('stock').register('orders', 'on', positions, 4)
    expect(store.registered).toEqual([['orders', 'on', positions, 4]])
    await expect(mesh.source('stock').register('mail', 'on', positions, 4)).rejects.toMatchObject({
      code: 'access-denied',
    })
    await expect(mesh.source('stock').register('orders', 'on', [1], 4)).rejects.toMatchObject({
      code: 'invalid-request',
    })
    expect(store.registered).toHaveLength(1)
  })

  test('a log that nobody serves is unavailable at once', async () => {
    const { mesh } = await suite.start({ service: 'sales' })
    await expect(mesh.source('stock').heads()).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('an answer that never ends is given up with its time, and made no more (P9)', async () => {
    const on = bench('far')
    await suite.start({ service: 'stocks', on })
    const { runtime } = await suite.start({ service: 'front' })
    const request = new Request('http://shop.test/stock/endless')
    await expect(runtime.route('stock', 'GET /stock/endless', request, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'deadline-exceeded',
    })
    await until(() => on.cancelled.includes('endless'))
  })

  test('a raw route gives and takes what it gave and took here', async () => {
    await suite.start({ service: 'stocks', on: bench('far') })
    const { runtime } = await suite.start({ service: 'front' })
    const post = (body: Uint8Array | string): Promise<Response> =>
      runtime.route(
        'stock',
        'POST /stock/upload',
        new Request('http://shop.test/stock/upload?a=1', { method: 'POST', body, headers: { 'x-name': 'photo' } }),
      )
    const response = await post(Buffer.alloc(payloadLimitBytes, 1))
    expect(response.status).toBe(201)
    expect(response.headers.get('x-from')).toBe('far')
    expect(await response.text()).toBe(`photo: ${payloadLimitBytes}`)
    await expect(post(Buffer.alloc(payloadLimitBytes + 1))).rejects.toMatchObject({ code: 'payload-too-large' })
    await expect(runtime.route('stock', 'GET /nowhere', new Request('http://shop.test/nowhere'))).rejects.toMatchObject(
      { code: 'not-found' },
    )
  })
})
