import { jetstreamManager } from '@nats-io/jetstream'
import { expect } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { until, withServer } from '../../../store-postgres/test/delivery/server.js'
import { metric, publishing, relayOf, type Service, Services } from './services.js'

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index % 40}`)

withNats.describe('a broker that fails loses nothing (P5)', () => {
  const space = withServer()

  const opened = async (): Promise<{ services: Services; source: Service; mail: Service }> => {
    const services = await Services.open(await space())
    const source = await services.start({ hosted: ['orders'] })
    const mail = await services.start({ hosted: ['mail'] })
    await until(() => relayOf(source)?.state === 'running')
    return { services, source, mail }
  }

  withNats.test('when it is killed and started again under load', async () => {
    const { services, source, mail } = await opened()
    const stop = publishing(source, mail)
    for (let round = 1; round <= 2; round++) {
      const before = metric(mail, 'banyan_events_handled_total')
      await until(() => metric(mail, 'banyan_events_handled_total') > before + 300)
      await services.nats.kill()
      // Requests to the source go another way: what is published meanwhile arrives.
      const without = metric(mail, 'banyan_events_handled_total')
      await until(() => metric(mail, 'banyan_events_handled_total') > without + 100)
      await services.nats.restart()
      const heard = metric(mail, 'banyan_feed_published_total')
      await until(() => metric(mail, 'banyan_feed_published_total') > heard + 200)
    }
    await stop()
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
    await until(() => relayOf(source)?.behind === 0 && relayOf(source)?.state === 'running')
  })

  withNats.test('when its stream is emptied, and when it is another one, also while nothing is published', async () => {
    const { services, source, mail } = await opened()
    await source.process.publish(keys(200))
    await services.caughtUp('mail')
    const { streams } = await jetstreamManager(services.admin)
    const messages = async (): Promise<number> => (await streams.info('market-orders')).state.messages
    await until(async () => (await messages()) === 200)

    // Without a source that answers, what it needs again is in the stream.
    await mail.process.delivery.stop(1_000)
    await source.process.publish(keys(60))
    await until(async () => (await messages()) === 260)
    await services.remove()
    await services.ensure()
    await until(async () => (await messages()) >= 60)
    expect(source.logged.some(({ message }) => message === 'a stream of events is looked at again')).toBe(true)
    await streams.purge('market-orders')
    await source.process.publish(keys(20))
    await until(async () => (await messages()) >= 20 && relayOf(source)?.behind === 0)

    const again = await services.start({ hosted: ['mail'] })
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
    expect(metric(again, 'banyan_subscription_stopped')).toBe(0)
  })

  withNats.test(
    'when its disk budget is reached: events come from the source, and flow again by themselves',
    async () => {
      const { services, source, mail } = await opened()
      const { streams } = await jetstreamManager(services.admin)
      const config = (await streams.info('market-orders')).config
      await streams.update('market-orders', { ...config, discard: 'new' as typeof config.discard, max_bytes: 40_000 })
      const stop = publishing(source, mail)
      await until(() => relayOf(source)?.reason?.includes('maximum bytes') === true)
      const before = metric(mail, 'banyan_events_handled_total')
      await until(() => metric(mail, 'banyan_events_handled_total') > before + 300)
      const refusals = metric(source, 'banyan_relay_refused_total')
      await until(() => metric(source, 'banyan_relay_refused_total') > refusals + 1)
      const told = source.logged.filter(({ message }) => message === 'the broker takes no more events; they wait')
      expect(told).toHaveLength(1)
      await streams.update('market-orders', { ...config, max_bytes: 100_000_000 })
      await until(() => relayOf(source)?.state === 'running')
      await stop()
      await services.caughtUp('mail')
      await services.space.expectExactlyOnce('mail')
      await until(() => relayOf(source)?.behind === 0)
      expect(relayOf(source)?.reason).toBeUndefined()
    },
  )

  withNats.test('when a subscriber is cut off from it: it asks the source', async () => {
    const { services, source, mail } = await opened()
    await source.process.publish(keys(40))
    await services.caughtUp('mail')
    await mail.connection.close()
    await source.process.publish(keys(40))
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
  })
})

withNats.describe('a source that was restored to an older state (L4)', () => {
  const space = withServer()

  withNats.test('has its stream emptied and filled anew, and stops who handled what is gone', async () => {
    const services = await Services.open(await space())
    const source = await services.start({ hosted: ['orders'] })
    const mail = await services.start({ hosted: ['mail'] })
    await until(() => relayOf(source)?.state === 'running')
    await source.process.publish(keys(80))
    await services.caughtUp('mail')
    await until(() => metric(source, 'banyan_relay_published_total') === 80)
    await services.space.rows(`
      with gone as (delete from orders.banyan_log where position > 1 returning lane)
      update orders.banyan_lanes set position = 1 where lane in (select lane from gone)`)
    await until(() => metric(source, 'banyan_relay_refilled_total') > 0)
    await until(() => metric(mail, 'banyan_subscription_stopped') === 1)
    await source.process.publish(keys(80))
    const { streams } = await jetstreamManager(services.admin)
    await until(() => metric(source, 'banyan_relay_published_total') >= 160)
    // What the restored log does not have is gone from it.
    expect((await streams.info('market-orders')).state.messages).toBeLessThan(160)
    expect(source.logged.some(({ message }) => message === 'a stream of events is emptied and filled again')).toBe(true)
    await services.start({ hosted: ['billing'] })
    await services.caughtUp('billing')
    await services.space.expectExactlyOnce('billing')
    expect(metric(mail, 'banyan_subscription_stopped')).toBe(1)
  })
})
