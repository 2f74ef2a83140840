import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineApp } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { testApp } from '@banyan/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { withNats } from '../../../tools/vitest/with-nats.js'
import { shop, shopFolder } from './shop/app.js'
import { orders } from './shop/contracts.js'
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
