import { describe, expect, test } from 'vitest'
import { kindOf, type LineKind, penceOf, planRetail } from '../../retail/classify.js'
import { type RetailLine, readRetailFile } from '../../retail/read-file.js'
import { dirtyFile } from '../support/files.js'

const line: RetailLine = {
  invoice: '900101',
  sku: '10001',
  description: 'TIN KETTLE',
  quantity: 4,
  at: '2021-03-01T09:01:00.000Z',
  price: '12.5',
  customer: '501',
  country: 'France',
}

async function* given(lines: readonly (RetailLine | string)[]): AsyncGenerator<RetailLine | string> {
  yield* lines
}

test.each([
  ['12.5', 1250],
  ['12.50', 1250],
  ['12.500', 1250],
  ['0.07', 7],
  ['607', 60_700],
  ['0', 0],
  ['0.000', 0],
  ['-11062.06', -1_106_206],
  // In floating point 1.15 × 100 is 114.99999999999999.
  ['1.15', 115],
  ['0.001', undefined],
  ['1.005', undefined],
  ['', undefined],
  ['1,5', undefined],
  ['.5', undefined],
])('%s pounds are %s pence', (price, pence) => {
  expect(penceOf(price)).toBe(pence)
})

describe('a line is', () => {
  test.each<[LineKind, Partial<RetailLine>]>([
    ['order', {}],
    ['order', { customer: '', description: '' }],
    ['order', { sku: 'POST' }],
    ['cancellation', { invoice: 'C900101', quantity: -4 }],
    ['unreadable', { invoice: 'C900101' }],
    ['stock-adjustment', { price: '0' }],
    ['stock-adjustment', { price: '0.00', quantity: -4 }],
    ['stock-adjustment', { quantity: -4 }],
    ['stock-adjustment', { invoice: 'C900101', price: '0', quantity: -4 }],
    ['bad-debt', { invoice: 'A900101', price: '11062.06', quantity: 1 }],
    ['bad-debt', { invoice: 'A900101', price: '-11062.06', quantity: 1 }],
    ['bad-debt', { price: '-5' }],
    ['below-a-penny', { price: '0.001' }],
    ['below-a-penny', { price: '1.005' }],
  ])('%s: %j', (kind, part) => {
    expect(kindOf({ ...line, ...part })).toBe(kind)
  })
})

describe('a plan', () => {
  test('counts every line of a dirty file once, and names what is odd', async () => {
    const plan = await planRetail(readRetailFile(dirtyFile))
    expect(Object.fromEntries(plan.kinds)).toEqual({
      order: 28,
      cancellation: 6,
      'stock-adjustment': 7,
      'bad-debt': 3,
      'below-a-penny': 2,
      unreadable: 15,
    })
    expect(Object.fromEntries(plan.oddities)).toEqual({
      'missing customer': 14,
      'missing description': 3,
      'free-text stock code': 9,
      'zero price': 3,
      'negative quantity without a price': 3,
    })
    expect(plan.unreadable).toHaveLength(10)
    expect(plan.documents).toHaveLength(29)
  })

  test('makes one document of the lines of an invoice, wherever they stand, and another of its adjustments', async () => {
    const plan = await planRetail(
      given([
        line,
        { ...line, invoice: '900102', customer: '' },
        { ...line, sku: '10002', price: '0', quantity: 2, description: 'a present' },
        'line 5: quantity many',
        { ...line, quantity: 1 },
        { ...line, invoice: 'C900103', quantity: -2 },
      ]),
    )
    expect(plan.documents).toEqual([
      {
        kind: 'order',
        id: '900101',
        customer: '501',
        country: 'France',
        at: line.at,
        lines: [
          { sku: '10001', quantity: 4, unitPriceMinor: 1250 },
          { sku: '10001', quantity: 1, unitPriceMinor: 1250 },
        ],
      },
      expect.objectContaining({ kind: 'order', id: '900102', customer: 'guest' }),
      { kind: 'adjustment', id: '900101-stock', reason: 'a present', lines: [{ sku: '10002', quantity: 2 }] },
      expect.objectContaining({
        kind: 'credit',
        id: 'C900103',
        lines: [{ sku: '10001', quantity: 2, unitPriceMinor: 1250 }],
      }),
    ])
    expect(plan.unreadable).toEqual(['line 5: quantity many'])
  })

  test('has at the opening all that leaves the stock, and prices that are known sooner or later', async () => {
    const plan = await planRetail(
      given([
        { ...line, price: '0', quantity: -7, description: '' },
        line,
        { ...line, invoice: 'C1', quantity: -4 },
        { ...line, invoice: '2', price: '0', quantity: 50 },
      ]),
    )
    expect(Object.fromEntries(plan.opening)).toEqual({ '10001': 11 })
    expect(Object.fromEntries(plan.products)).toEqual({ '10001': { name: '10001', priceMinor: 1250 } })
  })
})
