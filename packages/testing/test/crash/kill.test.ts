import { faultPoints } from '@banyan/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { Customer, newFolder, Shop } from './shop.js'

const folder = newFolder()
let last: Shop | undefined

afterAll(async () => {
  await last?.stop()
  new Customer('nobody', 0, folder).remove()
})

// One database for all: each test begins with what the killed process of the one before left running.
describe('P3 P4 P5 a process that is killed', () => {
  test.each(faultPoints.map((point, index) => [point, 1 + (index % 3)] as const))(
    'at %s (pass %i): started again, every acknowledged order is there once, its event handled once',
    async (point, pass) => {
      const customer = new Customer(`${point} ${pass}`, 24, folder)
      await last?.kill()
      const first = new Shop(customer.dataDir, { point, pass })
      last = first
      await first.ready()
      await customer.order(first)
      expect(await first.settle(), 'it came to rest, and never passed the point').toBe(false)
      expect(await first.ended).toBe('SIGKILL')
      const second = new Shop(customer.dataDir)
      last = second
      expect(await second.ready()).toBeGreaterThan(0)
      await customer.order(second)
      expect(await second.settle()).toBe(true)
      await customer.expectExactlyOnce()
    },
    120_000,
  )
})

test('P3 P4 P5 the database server is killed under load, again and again: nothing lost, nothing doubled', async () => {
  const customer = new Customer('postmaster', 300, folder)
  await last?.kill()
  const shop = new Shop(customer.dataDir)
  last = shop
  await shop.ready()
  const ordering = customer.order(shop)
  for (const after of [50, 120, 200]) {
    while (customer.acknowledged.size < after) await new Promise((resolve) => setTimeout(resolve, 5))
    const pid = await shop.serverPid()
    process.kill(pid, 'SIGKILL')
    while ((await shop.serverPid()) === pid) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await ordering
  expect(await shop.settle()).toBe(true)
  await customer.expectExactlyOnce()
}, 180_000)
