import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { expect, it } from 'vitest'
import { defaultDeliveryLimits } from '../../../src/delivery/options.js'
import { RemoteLag } from '../../../src/delivery/relay/remote-lag.js'
import type { LogRegistration } from '../../../src/ports/store.js'
import { until } from '../harness.js'

const positions = (of: number): number[] => Array.from({ length: 64 }, (_, lane) => (lane === 0 ? of : 0))

it('slows a publisher for a remote subscriber that goes on far behind, not for one that stopped (P9, P5)', async () => {
  const clock = createDrivenClock(Date.UTC(2026, 0, 1))
  let registrations: LogRegistration[] = []
  let looks = 0
  let timer: (() => void) | undefined
  const lag = new RemoteLag({
    log: {
      registrations: async () => registrations,
      heads: async () => {
        looks++
        return { incarnation: 'this', positions: positions(200_000) }
      },
    } as never,
    host: {
      ambient: createSeededAmbient(1, clock),
      limits: defaultDeliveryLimits,
      logger: { debug: () => undefined },
      upkeepAfter: (_delayMs: number, task: () => void) => {
        timer = task
        return () => undefined
      },
    } as never,
    isRemote: (subscriber) => subscriber !== 'local',
  })
  const look = async (): Promise<void> => {
    const before = looks
    await until(() => timer !== undefined)
    timer?.()
    timer = undefined
    await until(() => looks > before && timer !== undefined)
  }
  const at = (subscriber: string, position: number, told: number): LogRegistration => ({
    subscriber,
    subscription: 'on',
    positions: positions(position),
    at: told,
  })
  registrations = [at('mail', 10_000, 1), at('local', 0, 1)]
  lag.start()
  await until(() => timer !== undefined)
  expect(lag.pressureMs()).toBeUndefined()
  await clock.advance(5_000)
  registrations = [at('mail', 15_000, 2), at('local', 5, 2)]
  await look()
  expect(lag.pressureMs()).toBeGreaterThanOrEqual(100)
  await clock.advance(10_000)
  await look()
  expect(lag.pressureMs()).toBeGreaterThanOrEqual(100)
  await clock.advance(6_000)
  await look()
  expect(lag.pressureMs()).toBeUndefined()
  registrations = [at('mail', 150_000, 3)]
  await look()
  expect(lag.pressureMs()).toBeUndefined()
  await lag.stop()
})
