import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { json } from '../support/gateways.js'
import { gate, rawClient } from '../support/sockets.js'
import { type RunningApp, runApp, type Watch } from './running-app.js'

let app: RunningApp
const watch: Watch = { waiting: () => undefined }

beforeAll(async () => {
  app = await runApp(watch, () => ({ subject: 'ada', permissions: ['order:write'] }))
})
afterAll(() => app.stop())

const call = (path: string, init?: RequestInit): Promise<Response> => fetch(app.url + path, init)
const place = (body: unknown, key?: string): Promise<Response> =>
  call('/orders', json(body, key === undefined ? {} : { 'idempotency-key': key }))
const count = async (): Promise<number> => ((await (await call('/orders')).json()) as { count: number }).count

describe('an app over HTTP', () => {
  test('is ready', async () => {
    expect(await (await call('/readyz')).json()).toEqual({ ready: true })
    expect(await (await call('/healthz')).json()).toMatchObject({ state: 'running', modules: [{ module: 'orders' }] })
  })

  test('keeps what a command wrote', async () => {
    const placed = await place({ customer: 'ada', total: 12, admin: true })
    expect(placed.status).toBe(200)
    const { orderId } = (await placed.json()) as { orderId: string }
    expect(await (await call(`/orders/${orderId}`)).json()).toEqual({ orderId, customer: 'ada', total: 12 })
    expect((await call('/orders/8e03978e-40d5-43e8-bc93-6894a57f9324')).status).toBe(404)
    expect((await call('/orders/none')).status).toBe(400)
  })

  test('a repeated Idempotency-Key gives the recorded outcome, and one effect (P4)', async () => {
    const before = await count()
    const first = await place({ customer: 'bob', total: 5 }, '"order-1"')
    const again = await place({ customer: 'bob', total: 5 }, '"order-1"')
    expect([first.status, again.status]).toEqual([200, 200])
    expect(await again.text()).toBe(await first.text())
    expect(await count()).toBe(before + 1)
  })

  test('a declared error is recorded as the outcome too (P4, P6)', async () => {
    const first = await place({ customer: 'bob', total: 500 }, '"order-2"')
    const again = await place({ customer: 'bob', total: 500 }, '"order-2"')
    expect([first.status, again.status]).toEqual([409, 409])
    expect(await again.json()).toMatchObject({
      code: 'orders.tooExpensive',
      detail: 'At most 100',
      details: { limit: 100 },
    })
  })

  test('the same key with another input is 422', async () => {
    await place({ customer: 'bob', total: 5 }, '"order-3"')
    const other = await place({ customer: 'bob', total: 6 }, '"order-3"')
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'id-reused' })
  })

  test('so it is when the handler declines before its first statement', async () => {
    await place({ customer: 'bob', total: 500 }, '"order-4"')
    const other = await place({ customer: 'bob', total: 501 }, '"order-4"')
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'id-reused' })
  })

  test('a key that is a UUID version 7 of long ago is never run', async () => {
    const response = await place({ customer: 'bob', total: 5 }, '"01000000-0000-7000-8000-000000000000"')
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'id-expired' })
  })

  test('commands at once with one key have one effect (P4)', async () => {
    const before = await count()
    const answers = await Promise.all(Array.from({ length: 8 }, () => place({ customer: 'eve', total: 1 }, 'one-key')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([])
    expect(await count()).toBe(before + 1)
  })

  test('invalid input is told with its paths', async () => {
    const response = await place({ customer: '', total: 'x' })
    expect(response.status).toBe(400)
    const { issues } = (await response.json()) as { issues: { path: string[] }[] }
    expect(issues.map(({ path }) => path.join('.'))).toEqual(['customer', 'total'])
  })

  test('what a handler throws stays inside', async () => {
    const response = await call('/faults', { method: 'POST' })
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).toContain('"code":"internal"')
    expect(text).not.toContain('hunter2')
  })

  test('a client that gives up cancels the handler (P7)', async () => {
    const waiting = gate<AbortSignal>()
    watch.waiting = waiting.open
    const client = rawClient(app.url)
    client.socket.write('POST /waits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    const signal = await waiting.promise
    client.socket.destroy()
    await vi.waitFor(() => expect(signal.aborted).toBe(true))
  })

  test('raw routes run in the module', async () => {
    const response = await call('/uploads', { method: 'POST', body: 'tea' })
    expect([response.status, await response.text()]).toEqual([201, 'TEA'])
  })

  test('the metrics of the runtime are there', async () => {
    const text = await (await call('/metrics')).text()
    expect(text).toContain('module="orders"')
    expect(text).toContain('banyan_http_requests_total{method="POST",route="/orders",status="409"}')
  })
})
