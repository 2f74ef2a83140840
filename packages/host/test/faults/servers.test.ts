import { cp, rm } from 'node:fs/promises'
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { logs } from './support/audit.js'
import { underFault } from './support/case.js'
import { World } from './support/world.js'

// Far beyond what they take: a wait in vain ends by itself and says what it waited for.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let world: World

withNats.describe('under load, nothing is lost, doubled or out of order (P4, P5)', () => {
  // One world for all: it takes as long as several of the faults.
  beforeAll(async () => {
    world = await World.open()
  })
  beforeEach(() => world.whole())
  afterAll(() => world?.close())
  processesFail()
  theBrokerFails()
})

function processesFail(): void {
  test('when one of two replicas of a service is killed', async () => {
    const victims = ['left/1', 'right/2', 'mirror/1']
    const victim = world.replica(victims[Math.floor(world.chance() * victims.length)] as string)
    await underFault(world, { name: `kill -9 of ${victim.name}, one of two`, happens: () => victim.kill() })
  })

  test('when the only process of a service is killed, and started again', async () => {
    const [first, other] = [world.replica('right/1'), world.replica('right/2')]
    const tally = world.replica('tally/1')
    await other.stop()
    await underFault(world, {
      name: 'kill -9 of right and tally, the only ones',
      happens: async () => {
        await Promise.all([first.kill(), tally.kill()])
        await Promise.all([first.start(), tally.start()])
      },
    })
  })

  test('when a process stands still for longer than its leases, and goes on', async () => {
    const paused = ['left/1', 'right/1', 'mirror/1'].map((name) => world.replica(name))
    await underFault(world, {
      name: 'SIGSTOP of left/1, right/1 and mirror/1 for 22 s',
      happens: async () => {
        for (const replica of paused) replica.pause()
        await rest(22_000)
        for (const replica of paused) replica.resume()
      },
    })
  })

  test('when the clocks of its processes are minutes apart', async () => {
    const early = world.replica('left/2')
    const late = world.replica('mirror/2')
    const right = world.replica('right/1')
    await underFault(world, {
      name: 'clocks 10 minutes behind (left/2), ahead (right/1) and 20 ahead (mirror/2)',
      happens: async (load) => {
        await Promise.all([early.stop(), late.stop(), right.stop()])
        await Promise.all([
          early.start({ BANYAN_TEST_SKEW_MS: '-600000' }),
          right.start({ BANYAN_TEST_SKEW_MS: '600000' }),
          late.start({ BANYAN_TEST_SKEW_MS: '1200000' }),
        ])
        await load.progress(200)
      },
    })
  })

  // With clocks that are still apart.
  test.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'when PostgreSQL ends by %s and is started again',
    async (signal) => {
      await underFault(world, {
        name: `PostgreSQL ended by ${signal} and started again`,
        happens: async () => {
          const { pid } = world.postgres
          process.kill(pid, signal)
          for (let left = 400; world.postgres.pid === pid && left > 0; left--) await rest(50)
          expect(world.postgres.pid).not.toBe(pid)
        },
      })
    },
  )
}

function theBrokerFails(): void {
  test('when it is killed and started again', async () => {
    await underFault(world, {
      name: 'kill -9 of NATS, away for 3 s',
      happens: async () => {
        await world.nats.kill()
        await rest(3_000)
        await world.nats.restart()
      },
    })
  })

  test('when its store is lost, and the streams are made anew by who deploys', async () => {
    await underFault(world, {
      name: 'NATS stopped, its store deleted, streams made anew 2 s after its start',
      happens: async () => {
        await world.nats.stop()
        await rm(world.jetstreamFolder, { recursive: true, force: true })
        await world.nats.restart()
        await rest(2_000)
        await world.deploy()
      },
    })
  })

  test('when its store is restored to an older copy', async () => {
    const copy = `${world.jetstreamFolder}.copy`
    await underFault(world, {
      name: 'store of NATS restored to an older copy',
      happens: async (load) => {
        await world.nats.stop()
        await cp(world.jetstreamFolder, copy, { recursive: true })
        await world.nats.restart()
        await load.flowing()
        await load.progress(200)
        await world.nats.stop()
        await rm(world.jetstreamFolder, { recursive: true })
        await cp(copy, world.jetstreamFolder, { recursive: true })
        await world.nats.restart()
      },
    })
  })

  test('when its disk budget is reached, and raised later', async () => {
    await underFault(world, {
      name: 'streams full for 5 s',
      happens: async () => {
        await world.limitStreams({ discard: 'new', max_bytes: 20_000 })
        await rest(5_000)
        expect(logs(world)).toContain('the broker takes no more events; they wait')
        await world.deploy()
      },
    })
  })
}
