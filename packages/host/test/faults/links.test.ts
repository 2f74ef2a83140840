import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ProxiedLink } from '../../../../tools/vitest/proxied-link.js'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { underFault } from './support/case.js'
import { World } from './support/world.js'

// Far beyond what they take: a wait in vain ends by itself and says what it waited for.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

withNats.describe('over links that fail under load, nothing is lost, doubled or out of order (P4, P5)', () => {
  let world: World
  beforeAll(async () => {
    world = await World.open()
  })
  beforeEach(() => world.whole())
  afterAll(() => world?.close())

  const all = (): ProxiedLink[] => [...world.replicas.values()].flatMap(({ links }) => links)

  test('when they are slow, and then cut for a while', async () => {
    await underFault(world, {
      name: 'all links 20 ms slower, then cut for 2 s',
      happens: async (load) => {
        for (const link of all()) link.slow(20)
        await load.progress(60)
        for (const link of all()) link.cut()
        await rest(2_000)
        for (const link of all()) link.heal()
      },
    })
  })

  test('when the broker is a black hole for some, and new connections work', async () => {
    await underFault(world, {
      name: 'connections of left/1, right/1, mirror/1 and tally/1 to NATS forgotten without a word',
      happens: async () => {
        for (const name of ['left/1', 'right/1', 'mirror/1', 'tally/1']) world.replica(name).nats.forget()
      },
    })
  })

  test('when the database is a black hole for some, and new connections work', async () => {
    await underFault(world, {
      name: 'connections of left/1, right/1, mirror/1 and tally/1 to PostgreSQL forgotten without a word',
      happens: async () => {
        for (const name of ['left/1', 'right/1', 'mirror/1', 'tally/1']) world.replica(name).database.forget()
      },
    })
  })

  test('when the lane past the broker is a black hole', async () => {
    const { lane } = world.replica('right/1')
    await underFault(world, {
      name: 'lanes to right/1 forgotten without a word',
      happens: async () => {
        expect(lane?.connections).toBeGreaterThan(0)
        lane?.forget()
      },
    })
  })

  test('when one replica of each service is cut off for longer than its leases, and comes back', async () => {
    // As by a cable that is plugged in again: what was sent arrives late. And as by a router that was replaced: it is lost.
    const held = world.replica('right/1')
    const lost = ['left/1', 'mirror/1'].map((name) => world.replica(name))
    await underFault(world, {
      name: 'left/1, right/1 and mirror/1 cut off from everything for 22 s',
      happens: async () => {
        for (const link of held.links) link.hold()
        for (const { links } of lost) for (const link of links) link.swallow()
        await rest(22_000)
        for (const { links } of [held, ...lost]) for (const link of links) link.heal()
      },
    })
  })
})
