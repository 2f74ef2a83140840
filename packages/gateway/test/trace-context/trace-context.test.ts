import { createSeededAmbient } from '@banyan/ambient'
import { describe, expect, test } from 'vitest'
import { createTraceSource, parseTraceparent, parseTracestate } from '../../src/index.js'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = `00-${traceId}-00f067aa0ba902b7-01`

describe('traceparent', () => {
  test.each([
    [parent, '01'],
    [`00-${traceId}-00f067aa0ba902b7-03`, '03'],
    // Bits that are not defined are not passed on.
    [`00-${traceId}-00f067aa0ba902b7-ff`, '03'],
    [`01-${traceId}-00f067aa0ba902b7-ff-more`, '01'],
  ])('%s keeps the flags %s', (header, flags) => {
    expect(parseTraceparent(header)).toEqual({ traceId, parentId: '00f067aa0ba902b7', flags })
  })

  test.each([
    parent.toUpperCase(),
    parent.slice(1),
    `${parent}, ${parent}`,
    `${parent}-`,
    `01-${traceId}-00f067aa0ba902b7-01${'-x'.repeat(400)}`,
    '',
  ])('%s is ignored', (header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })
})

describe('tracestate', () => {
  test.each([
    ['foo=1,bar=2', 'foo=1,bar=2'],
    ['foo=1 \t, \tbar=2', 'foo=1,bar=2'],
    ['foo=1,,bar=2,', 'foo=1,bar=2'],
    ['foo= leading', 'foo= leading'],
    ['0a@b/c*d-e_f=x', '0a@b/c*d-e_f=x'],
    [`${'a'.repeat(256)}=${'v'.repeat(256)}`, `${'a'.repeat(256)}=${'v'.repeat(256)}`],
  ])('%s reads %s', (header, normal) => {
    expect(parseTracestate(header)).toBe(normal)
  })

  test.each([
    'foo',
    'foo=',
    '=1',
    'foo=1=2',
    'FOO=1',
    '@foo=1',
    'foo =1',
    'foo=1,foo=2',
    'foo=\u00e9',
    'foo=a\tb',
    `${'a'.repeat(257)}=1`,
    `a=${'v'.repeat(257)}`,
    Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(','),
    ' , ',
  ])('%s is dropped', (header) => {
    expect(parseTracestate(header)).toBeUndefined()
  })

  test('32 members are kept', () => {
    const header = Array.from({ length: 32 }, (_, index) => `k${index}=v`).join(',')
    expect(parseTracestate(header)).toBe(header)
  })
})

describe('the trace of a request', () => {
  test('is the same for the same seed (P10)', () => {
    const trace = (): unknown => createTraceSource(createSeededAmbient(7))(undefined, 'a=1')
    expect(trace()).toEqual(trace())
    expect(trace()).toMatchObject({
      tracestate: undefined,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/),
    })
  })

  test('is told in the response and carries the correlation id', async () => {
    const { get, runtime } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => null } })
    const response = await get('/stock/tea', { headers: { traceparent: parent, tracestate: 'foo=1, bar=2' } })
    const call = runtime.calls[0]
    expect(call).toMatchObject({ correlationId: traceId, tracestate: 'foo=1,bar=2' })
    expect(call?.traceparent).not.toBe(parent)
    expect(response.headers.get('traceparent')).toBe(call?.traceparent)
    expect(await response.json()).toMatchObject({ instance: `urn:banyan:correlation:${traceId}` })
  })

  test('a correlation id is taken when it is plain and bounded, and told again', async () => {
    const { get, runtime } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => null } })
    const given = await get('/stock/tea', { headers: { 'x-correlation-id': 'order-42' } })
    expect(given.headers.get('x-correlation-id')).toBe('order-42')
    await get('/stock/tea', { headers: { 'x-correlation-id': 'a b' } })
    await get('/stock/tea', { headers: { 'x-correlation-id': 'x'.repeat(129) } })
    const ids = runtime.calls.map(({ correlationId }) => correlationId)
    expect(ids[0]).toBe('order-42')
    expect(ids[1]).toMatch(/^[0-9a-f]{32}$/)
    expect(ids[2]).toMatch(/^[0-9a-f]{32}$/)
  })
})
