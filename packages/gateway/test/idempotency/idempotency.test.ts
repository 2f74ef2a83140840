import { issueTime } from '@banyan/ambient'
import { banyanError, errorData } from '@banyan/errors'
import { describe, expect, test } from 'vitest'
import { commandId, parseIdempotencyKey } from '../../src/index.js'
import { json, serve } from '../support/gateways.js'
import { failure } from '../support/scripted-runtime.js'
import { inventory } from '../support/shop.js'

describe('the Idempotency-Key header', () => {
  test.each([
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"clkyoesmbgybucifusbbtdsbohtyuuwz"', 'clkyoesmbgybucifusbbtdsbohtyuuwz'],
    ['"a \\"quoted\\" \\\\ key"', 'a "quoted" \\ key'],
    ['"key";version=1', 'key'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['order:42/retry', 'order:42/retry'],
  ])('%s is %s', (header, key) => {
    expect(parseIdempotencyKey(header)).toBe(key)
  })

  test.each([
    '',
    '""',
    '"open',
    'two words',
    '"a", "b"',
    '"a" "b"',
    '"\u00e9"',
    '"a\\b"',
    `"${'x'.repeat(256)}"`,
    ['"a"', '"b"'],
  ])('%s is refused', (header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(
      expect.objectContaining({ code: 'invalid-idempotency-key', status: 400 }),
    )
  })
})

describe('the command id of a key (P4)', () => {
  const uuid = '8e03978e-40d5-43e8-bc93-6894a57f9324'

  test('is the same for the same key, caller and operation, and for nothing else', () => {
    const id = commandId(uuid, 'ada', 'orders.place')
    expect(id).toBe('00000000-0000-89dc-90f0-1b3322460bac')
    expect(commandId(uuid, 'ada', 'orders.place')).toBe(id)
    const others = [
      commandId(`${uuid}x`, 'ada', 'orders.place'),
      commandId(uuid, 'bob', 'orders.place'),
      commandId(uuid, undefined, 'orders.place'),
      commandId(uuid, '', 'orders.place'),
      commandId(uuid, 'ada', 'orders.cancel'),
      commandId('a', 'b","c', 'orders.place'),
      commandId('a","b', 'c', 'orders.place'),
    ]
    expect(new Set([id, ...others]).size).toBe(8)
  })

  test('tells no time, unless the key is a UUID version 7', () => {
    expect(issueTime(commandId(uuid, 'ada', 'orders.place'))).toBeUndefined()
    const timed = '019536c1-7a80-7abc-8def-0123456789ab'
    expect(issueTime(commandId(timed, 'ada', 'orders.place'))).toBe(issueTime(timed))
    expect(commandId(timed, 'ada', 'orders.place')).toMatch(
      /^019536c1-7a80-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })
})

describe('over HTTP', () => {
  const open = { 'inventory.sweep': () => undefined, 'inventory.level': () => null }

  test('a command with a key has its id; without one it has none, and a query never has', async () => {
    const { get, runtime } = await serve({ contracts: [inventory], operations: open })
    await get('/sweeps', { method: 'POST', headers: { 'idempotency-key': '"k"' } })
    await get('/sweeps', { method: 'POST' })
    await get('/stock/tea', { headers: { 'idempotency-key': '"k"' } })
    expect(runtime.calls.map(({ id }) => id)).toEqual([
      commandId('k', undefined, 'inventory.sweep'),
      undefined,
      undefined,
    ])
  })

  test('a key that is not valid is 400', async () => {
    const { get, runtime } = await serve({ contracts: [inventory], operations: open })
    const response = await get('/sweeps', { method: 'POST', headers: { 'idempotency-key': '"open' } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid-idempotency-key' })
    expect(runtime.calls).toHaveLength(0)
  })

  test.each([
    ['id-reused', 422],
    ['in-progress', 409],
    ['id-expired', 422],
  ] as const)('%s is %i, as the draft asks', async (code, status) => {
    const { get } = await serve({
      contracts: [inventory],
      operations: { 'inventory.count': () => failure(errorData(banyanError(code, { id: 'x' }))) },
    })
    const init = { ...json({ counted: 1 }, { 'idempotency-key': '"k"' }), method: 'PUT' }
    const response = await get('/stock/tea/count', init)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })
})
