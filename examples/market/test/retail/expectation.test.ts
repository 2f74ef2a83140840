import { expect, test } from 'vitest'
import { planRetail } from '../../retail/classify.js'
import { digest, expectationOf } from '../../retail/expectation.js'
import { readRetailFile } from '../../retail/read-file.js'
import { dirtyFile } from '../support/files.js'

test('what the books must say is worked out from the file alone', async () => {
  const plan = await planRetail(readRetailFile(dirtyFile))
  const expected = expectationOf(plan, plan.documents)
  expect(expected).toMatchObject({ orders: 17, orderLines: 28, credits: 5, adjustments: 7 })
  expect(expected.orderIds).toHaveLength(17)
  expect(expected.creditIds).toEqual(['C900115', 'C900116', 'C900117', 'C900118', 'C900158'])
  // 12.50 + 6.20 · 27.50 · 29.85 · 250.01 · 10.20, added up by hand.
  expect(expected.creditsMinor).toBe(1_250 + 620 + 2_750 + 2_985 + 25_001 + 1_020)
  const net = expected.ordersMinor - expected.creditsMinor
  for (const by of [expected.revenueByDay, expected.revenueByCountry, expected.revenueByProduct])
    expect([...by.values()].reduce((sum, value) => sum + value, 0)).toBe(net)
  expect(expected.revenueByCountry.get('Portugal')).toBe(-2_985)
  // 11 at the opening, all of them sold; 56 found, 1 came back.
  expect(expected.stock.get('10001')).toBe(57)
  expect([...expected.stock.values()].every((level) => level >= 0)).toBe(true)
})

test('of the first documents only', async () => {
  const plan = await planRetail(readRetailFile(dirtyFile))
  expect(expectationOf(plan, plan.documents.slice(0, 1))).toMatchObject({
    orders: 1,
    orderLines: 3,
    ordersMinor: 8_310,
  })
})

test('a digest shows a figure that is off, one that is missing, and two that were exchanged', () => {
  const of = (...figures: [string, number][]) => digest(figures)
  const whole = of(['a', 1], ['b', 2])
  expect(of(['b', 2], ['a', 1], ['c', 0])).toBe(whole)
  for (const other of [of(['a', 1], ['b', 3]), of(['a', 3]), of(['a', 2], ['b', 1])]) expect(other).not.toBe(whole)
  expect(whole).toMatch(/^2 figures, sum 3, [0-9a-f]{12}$/)
})
