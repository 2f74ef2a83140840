import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, openStore, removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import { expect, onTestFinished, test } from 'vitest'
import { ambient, codeOf, ordersModule } from './conformance/space.js'

function dataFolder(): string {
  const folder = mkdtempSync('/var/tmp/banyan-store-')
  const dataDir = join(folder, 'data')
  onTestFinished(async () => {
    await removeEmbedded(dataDir)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return dataDir
}

const embedded = { settings: { fsync: 'off' } }

test('without a url an embedded server is started, and stopped with the store', async () => {
  const dataDir = dataFolder()
  const store = await openStore({ app: 'shop', dataDir, ambient, embedded }, [ordersModule])
  expect(store.describe()).toEqual({
    kind: 'embedded',
    target: `embedded in ${dataDir}`,
    version: expect.stringMatching(/^\d+\.\d+/),
  })
  await store.module('orders').unit().commit({ events: [] })
  expect(await codeOf(createStore({ app: 'shop', dataDir, ambient, embedded }))).toBe('store-in-use')
  await store.close()
  const again = await openStore({ app: 'shop', dataDir, ambient, embedded }, [ordersModule])
  await again.check()
  await again.close()
})

test('what was started is stopped again when opening fails', async () => {
  const dataDir = dataFolder()
  const modules = [{ name: 'orders', migrations: join(dataDir, 'nowhere') }]
  expect(await codeOf(openStore({ app: 'shop', dataDir, ambient, embedded }, modules))).toBe('invalid-migrations')
  const server = await startEmbedded({ dataDir, ...embedded })
  await server.stop()
})

test('with a url nothing is started', async () => {
  const dataDir = dataFolder()
  const store = await createStore({ app: 'shop', dataDir, ambient, url: 'postgres://nobody:secret@127.0.0.1:1/none' })
  expect(store.describe()).toEqual({ kind: 'server', target: '127.0.0.1:1/none', version: 'unknown' })
  expect(await codeOf(store.open([ordersModule]))).toBe('store-unreachable')
  await store.close()
})
