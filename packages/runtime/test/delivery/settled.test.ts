import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { Activity } from '../../src/delivery/activity.js'
import { type SettledParts, settle } from '../../src/delivery/settled.js'
import { type Harness, type harness, note, plan, started } from './harness.js'

let running: Harness | undefined
afterEach(async () => {
  await running?.delivery.stop(1_000)
  running = undefined
})

async function start(...parameters: Parameters<typeof harness>): Promise<Harness> {
  running = await started(...parameters)
  return running
}

describe('settled', () => {
  it('trusts no look during which something went on', async () => {
    const activity = new Activity()
    let looks = 0
    const jobs = {
      module: 'billing',
      async isDue() {
        // Something began and ended meanwhile: what was looked at before may have changed by it.
        if (++looks < 3) activity.note()
        return false
      },
    }
    const { after } = createAmbient()
    const parts = { host: { upkeepAfter: after }, activity, feeds: [], subscriptions: [], jobs: [jobs] }
    await settle(parts as unknown as SettledParts, 5_000)
    expect(looks).toBe(3)
  })

  it('asks again a store that cannot be read just now, and tells what else goes wrong at once', async () => {
    let looks = 0
    const parts = (error: Error) => {
      const isDue = async (): Promise<boolean> => {
        if (++looks < 3) throw error
        return false
      }
      const { after } = createAmbient()
      const host = { upkeepAfter: after }
      return { host, activity: new Activity(), feeds: [], subscriptions: [], jobs: [{ module: 'billing', isDue }] }
    }
    await settle(parts(banyanError('unavailable', { what: 'the store' })) as unknown as SettledParts, 5_000)
    expect(looks).toBe(3)
    looks = 0
    const mistake = new Error('a mistake')
    await expect(settle(parts(mistake) as unknown as SettledParts, 5_000)).rejects.toBe(mistake)
  })

  it('waits for the events of events, and for the jobs of those', async () => {
    const run = await start([
      plan('billing'),
      plan('mail', { key: { subscription: 'on', source: 'billing' }, types: new Set(['step']) }),
      plan('billing', { key: { subscription: 'on', source: 'billing' }, types: new Set(['step']) }),
    ])
    run.handlers.billing = (event, unit) => {
      const depth = Number(event.key)
      unit.note(event.key)
      if (depth >= 25) return { events: [], jobs: [] }
      const { position: _position, ...rest } = event
      return { events: [{ ...rest, id: `${event.id}+`, type: 'step', key: String(depth + 1) }], jobs: [] }
    }
    run.publish([{ key: '0' }])
    await run.delivery.settled()
    expect(run.modules.billing.effects).toHaveLength(26)
    expect(run.modules.mail.effects).toHaveLength(25)
  })

  it('tells what is not settled when time is up', async () => {
    const run = await start([plan('billing')])
    run.handlers.billing = () => new Promise(() => undefined)
    run.publish([{ key: 'a' }, { key: 'b' }])
    await expect(run.delivery.settled(20)).rejects.toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('billing/on/orders: 2 events are not handled yet'),
    })
  })

  it('counts events parked for later as at rest, and reports them', async () => {
    const run = await start([plan('billing')])
    run.handlers.billing = (event, unit, signal) => {
      if (event.key === 'bad') throw new Error('no')
      return note(event, unit, signal)
    }
    run.publish([{ key: 'bad' }, { key: 'good' }])
    expect(await run.delivery.settled()).toMatchObject({ parkedForLater: 1 })
  })

  it('waits for what was parked before this process began, though no lane is held here yet', async () => {
    const run = await start([plan('billing', { attempts: 50 })])
    let down = true
    run.handlers.billing = (event, unit, signal) => {
      if (down) throw new Error('down')
      return note(event, unit, signal)
    }
    run.publish([{ key: 'a' }])
    await run.delivery.settled()
    await run.delivery.stop(1_000)
    down = false
    run.clock.advance(24 * 3_600_000)
    const next = run.another('next process')
    await next.start()
    expect(await next.settled()).toMatchObject({ parkedForLater: 0 })
    expect(run.modules.billing.effects).toEqual(['a@1'])
    await next.stop(1_000)
  })

  it('waits for what another process holds', async () => {
    const run = await start([plan('billing')])
    const other = run.another('other process')
    await other.start()
    run.publish(Array.from({ length: 100 }, (_, index) => ({ key: `k${index}` })))
    await other.settled()
    expect(run.modules.billing.effects).toHaveLength(100)
    await other.stop(1_000)
  })
})
