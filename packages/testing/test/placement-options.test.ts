import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineApp } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { testApp } from '@banyan/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { withNats } from '../../../tools/vitest/with-nats.js'
import { shop, shopFolder } from './shop/app.js'
import { mail, orders, stock } from './shop/contracts.js'
import { openShop, order } from './shop/open.js'

afterEach(() => vi.unstubAllEnvs())

const silent = createLogger({ level: 'silent' })

describe('the placement of a test', () => {
  test('is that of the environment where the test names none', async () => {
    vi.stubEnv('BANYAN_TEST_PLACEMENT', 'elsewhere')
    await expect(openShop()).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining("test of shop · BANYAN_TEST_PLACEMENT\n      'elsewhere' is not a placement"),
    })
    await using t = await openShop({ placement: 'local' })
    await t.call(orders).place(order)
  })

  test('needs a NATS server where modules are services, and says how to get it', async () => {
    const brokerFolder = mkdtempSync(join(tmpdir(), 'bt-'))
    vi.stubEnv('NATS_SERVER_BIN', join(brokerFolder, 'nothing'))
    vi.stubEnv('NATS_URL', '')
    try {
      await expect(openShop({ placement: 'wire', brokerFolder })).rejects.toMatchObject({ code: 'broker-missing' })
    } finally {
      rmSync(brokerFolder, { recursive: true })
    }
  })
})

withNats.describe('processes of their own', () => {
  test('say that there is no file of the app', async () => {
    await expect(openShop({ placement: 'distributed', appFile: 'nowhere.ts' })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(`there is no file ${join(shopFolder, 'nowhere.ts')}`),
    })
  })

  test('say that there is no configuration that names it', async () => {
    const options = { placement: 'distributed', baseFolder: shopFolder, logger: silent } as const
    await expect(testApp(shop, options)).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('there is no configuration here'),
    })
  })

  test('refuse another app than the one under test', async () => {
    const half = defineApp({ name: 'shop', modules: shop.modules.filter(({ name }) => name !== 'mail') })
    const options = { placement: 'distributed', baseFolder: shopFolder, appFile: 'app.ts', logger: silent } as const
    await expect(testApp(half, options)).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(
        'the file exports another app of this name: orders 1.0.0, stock 1.0.0, mail 1.0.0',
      ),
    })
  })
})

withNats.describe('tests of one app at once, and one after the other in processes that wait,', () => {
  test('see nothing of each other', async () => {
    const open = (now: string) => openShop({ placement: 'distributed', now })
    const [one, other] = await Promise.all([open('2026-01-01'), open('2031-01-01')])
    try {
      await one.call(orders).place(order)
      await one.settled()
      expect(one.events(orders).placed).toHaveLength(1)
      expect(other.events(orders).placed).toEqual([])
      expect(await other.call(stock).level({ sku: order.sku })).toBe(1_000_000)
      // It crashes where it is armed, and nowhere else.
      const crash = one.crash('stock', 'after-commit')
      await other.call(orders).place(order)
      await other.settled()
      expect(await other.call(mail).sent()).toHaveLength(1)
      await expect(one.call(orders).place(order)).rejects.toMatchObject({ code: 'outcome-unknown' })
      await crash.happened
    } finally {
      await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
    }
    await using next = await open('2036-01-01')
    expect(next.events(orders).placed).toEqual([])
    expect(await next.call(stock).level({ sku: order.sku })).toBe(1_000_000)
  })
})
