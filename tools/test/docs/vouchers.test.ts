import { defineApp } from 'banyan'
import { testApp } from 'banyan/testing'
import { expect, test } from 'vitest'
import { vouchers } from '../../../docs/snippets/vouchers/contract.js'
import vouchersModule from '../../../docs/snippets/vouchers/module.js'

// The aggregates that the pages under docs/ show are here run for what the pages say of them.

const openShop = () =>
  testApp(defineApp({ name: 'voucherShop', modules: [vouchersModule] }), { now: '2026-03-01T19:00:00Z' })

test('a voucher is what was issued less what was spent, now and as it was', async () => {
  await using t = await openShop()
  const { code } = await t.call(vouchers).issue({ cents: 2_000 })
  await t.clock.advance('1h')
  expect(await t.call(vouchers).spend({ code, cents: 1_500, show: 'Hamlet' })).toEqual({ left: 500 })
  await expect(t.call(vouchers).spend({ code, cents: 501, show: 'Cats' })).rejects.toMatchObject({
    code: 'vouchers.tooLittle',
    details: { left: 500 },
  })
  expect(await t.call(vouchers).left({ code })).toBe(500)
  expect(await t.call(vouchers).left({ code, at: '2026-03-01T19:30:00Z' })).toBe(2_000)
  expect(await t.call(vouchers).left({ code, at: '2026-02-28T00:00:00Z' })).toBe(0)
})

test('two who spend the same voucher at once cannot both have it', async () => {
  await using t = await openShop()
  const { code } = await t.call(vouchers).issue({ cents: 1_000 })
  const spending = ['Hamlet', 'Cats'].map((show) => t.call(vouchers).spend({ code, cents: 600, show }))
  const settled = await Promise.allSettled(spending)
  expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await t.call(vouchers).left({ code })).toBe(400)
})

test('a guest is welcomed once, however many ask at once', async () => {
  await using t = await openShop()
  const welcomes = Array.from({ length: 5 }, () => t.call(vouchers).welcome({ guest: 'Ada' }))
  const settled = await Promise.allSettled(welcomes)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await expect(t.call(vouchers).welcome({ guest: 'Ada' })).rejects.toMatchObject({ code: 'vouchers.welcomed' })
  await t.call(vouchers).welcome({ guest: 'Grace' })
})
