import { createAmbient } from '@banyan/ambient'
import { createLogger, createRuntime, type Outcome, payloadLimitBytes } from '@banyan/runtime'
import { expect, test } from 'vitest'
import { MemoryStore } from './memory-store.js'
import type { Process } from './processes.js'
import { bench, shopApp } from './shop.js'
import { meshSuite, until } from './suite.js'

const code = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code)

/** The same app in one process, to compare with. */
async function alone(on = bench('one')): Promise<Pick<Process, 'call'>> {
  const app = shopApp(on)
  const options = {
    ambient: createAmbient(),
    logger: createLogger({ level: 'silent' }),
    environment: {},
    baseFolder: '.',
  }
  const runtime = createRuntime({ app, store: new MemoryStore(), work: 'calls', ...options })
  await runtime.start()
  return {
    call: (name, input, given) => {
      const [module, operation] = name.split('.') as [string, string]
      return runtime.execute({ module, operation, input, ...given })
    },
  }
}

meshSuite('calls between processes', (suite) => {
  test('a query, a command and a declared error arrive as if the module ran here (P1, P6)', async () => {
    await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    expect(await front.call('stock.level', { text: 'apple' })).toEqual({ ok: true, value: { text: 'apple at one' } })
    expect(await front.call('stock.add', { sku: suite.app })).toEqual({ ok: true, value: { times: 1 } })
    expect(await front.call('stock.nested', {})).toEqual({ ok: true, value: undefined })
    expect(await front.call('stock.take', { sku: 'pear' })).toEqual(
      await (await alone()).call('stock.take', { sku: 'pear' }),
    )
  })

  test('a call from a module to a module of another process goes through two services', async () => {
    await suite.start({ service: 'stocks' })
    await suite.start({ service: 'sales' })
    const front = await suite.start({ service: 'front' })
    expect(await front.call('orders.ask', { text: 'kiwi' })).toEqual({ ok: true, value: { text: 'kiwi at one' } })
    expect(await front.call('orders.place', { sku: `${suite.app} two` })).toEqual({ ok: true, value: { times: 1 } })
  })

  test('what cannot cross is refused with the words of one process, and nothing runs (P1)', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const local = await alone()
    let deep: unknown = 1
    for (let depth = 0; depth < 120; depth++) deep = [deep]
    const values = [Number.NaN, new Map(), deep, 'a\u0000b', '\ud800', [undefined], new Date(0), 10n, { f: () => 1 }]
    for (const value of values) {
      const remote = await front.call('stock.echo', { value })
      expect(code(remote)).toBe('invalid-input')
      expect(remote).toEqual(await local.call('stock.echo', { value }))
    }
    expect(await front.call('stock.level', { text: 7 })).toEqual(await local.call('stock.level', { text: 7 }))
    expect(await front.call('stock.missing', {})).toEqual(await local.call('stock.missing', {}))
    expect(on.handled).toEqual([])
    const kept = { value: { zero: -0, list: [1, 'ü', null], more: { '€': true } } }
    expect(await front.call('stock.echo', kept)).toEqual(await local.call('stock.echo', kept))
  })

  test('one payload limit holds for input and output, and the largest value passes', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const local = await alone()
    const room = payloadLimitBytes - '{"text":""}'.length
    const tooMuch = { text: 'x'.repeat(room + 1) }
    expect(await front.call('stock.level', tooMuch)).toEqual(await local.call('stock.level', tooMuch))
    expect(on.handled).toEqual([])
    const most = await front.call('stock.echo', { value: 'x'.repeat(payloadLimitBytes - '{"value":""}'.length) })
    expect(code(most)).toBe('ok')
    expect(code(await front.call('stock.fill', { length: room }))).toBe('ok')
    const large = await front.call('stock.fill', { length: room + 1 })
    expect(large).toEqual(await local.call('stock.fill', { length: room + 1 }))
    expect(code(large)).toBe('payload-too-large')
  })

  test('identity, correlation and deadline travel (P7)', async () => {
    await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    const identity = { subject: 'ann', permissions: ['stock:read'] }
    expect(await front.call('stock.who', {}, { identity })).toEqual({
      ok: true,
      value: { caller: null, subject: 'ann' },
    })
    expect(await front.call('stock.who', {})).toEqual({ ok: true, value: { caller: null, subject: null } })
  })

  test('an id is recorded where the command runs, and the same id again repeats the outcome (P4)', async () => {
    const { store } = await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    const sku = `${suite.app} once`
    const id = '0192a3b4-c5d6-4e8f-9a0b-1c2d3e4f5a6b'
    for (let time = 0; time < 3; time++)
      expect(await front.call('stock.add', { sku }, { id })).toEqual({ ok: true, value: { times: 1 } })
    expect(code(await front.call('stock.add', { sku: 'other' }, { id }))).toBe('id-reused')
    const before = store.recorded.size
    await front.call('stock.add', { sku: 'no id given' })
    expect(store.recorded.size).toBe(before + 1)
  })

  test('at its deadline a call ends as in one process: the callee gives up first and says so', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const local = await alone()
    for (const operation of ['stock.wait', 'stock.hold']) {
      const key = `late ${operation}`
      const remote = await front.call(operation, { key }, { timeoutMs: 150 })
      expect(remote).toEqual(await local.call(operation, { key }, { timeoutMs: 20 }))
      expect(code(remote)).toBe('deadline-exceeded')
    }
    expect(on.cancelled).toEqual(['late stock.wait', 'late stock.hold'])
    for (const key of on.cancelled) on.release(key)
  })

  test('a caller that gives up is heard by the handler (P7)', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const controller = new AbortController()
    const { signal } = controller
    const given = [
      front.call('stock.wait', { key: 'q' }, { signal }),
      front.call('stock.hold', { key: 'c' }, { signal }),
    ]
    await Promise.all([on.reached('q'), on.reached('c')])
    controller.abort()
    // As in one process: whoever gives up is told so, and does not wait to hear what became of the command (P1).
    expect((await Promise.all(given)).map(code)).toEqual(['cancelled', 'cancelled'])
    await until(() => on.cancelled.length === 2)
    for (const key of on.cancelled) on.release(key)
  })

  test('a call that its handler did not wait for is cancelled across processes (P1)', async () => {
    const on = bench('one')
    const sales = bench('sales')
    await suite.start({ service: 'stocks', on })
    await suite.start({ service: 'sales', on: sales })
    const front = await suite.start({ service: 'front' })
    const given = front.call('orders.leave', { key: 'lost' })
    await on.reached('lost')
    sales.release('lost left')
    expect(code(await given)).toBe('not-awaited')
    await until(() => on.cancelled.includes('lost'))
    on.release('lost')
  })

  test('a module that nobody runs is unavailable after the time in which processes find each other', async () => {
    const front = await suite.start({ service: 'front', limits: { presenceMs: 50 } })
    expect(code(await front.call('stock.level', { text: 'a' }))).toBe('unavailable')
    expect(code(await front.call('stock.add', { sku: 'a' }))).toBe('unavailable')
  })

  test('the first call of a process that has just started waits for the presence of the callee', async () => {
    const front = await suite.start({ service: 'front', limits: { presenceMs: 20_000 } })
    const given = front.call('stock.level', { text: 'early' })
    await suite.start({ service: 'stocks' })
    expect(await given).toMatchObject({ ok: true })
  })

  test('beyond the bound of calls on their way the next is refused at once, with a time to wait (P9)', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front', limits: { calls: 2 } })
    const held = [front.call('stock.wait', { key: 'a' }), front.call('stock.wait', { key: 'b' })]
    await Promise.all([on.reached('a'), on.reached('b')])
    expect(await front.call('stock.level', { text: 'c' })).toMatchObject({
      error: { code: 'overloaded', details: { retryAfterMs: expect.any(Number) } },
    })
    on.release('a')
    on.release('b')
    expect((await Promise.all(held)).map(code)).toEqual(['ok', 'ok'])
    expect(code(await front.call('stock.level', { text: 'c' }))).toBe('ok')
  })

  test('many calls at once, of several sizes, each get their own answer', async () => {
    await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    const values = Array.from({ length: 500 }, (_, index) => `${index} ${'x'.repeat((index * 37) % 3_000)}`)
    const answers = await Promise.all(values.map((value) => front.call('stock.echo', { value })))
    expect(answers).toEqual(values.map((value) => ({ ok: true, value: { value } })))
  })
})
