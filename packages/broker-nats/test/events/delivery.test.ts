import { jetstreamManager } from '@nats-io/jetstream'
import { expect } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { until, withServer } from '../../../store-postgres/test/delivery/server.js'
import { metric, publishing, relayOf, Services } from './services.js'

const keys = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `k${(index + from) % 40}`)

withNats.describe('events between services', () => {
  const space = withServer()

  withNats.test(
    'have exactly one effect, in order per key, in each subscriber and in both replicas of one (P5)',
    async () => {
      const services = await Services.open(await space())
      const source = await services.start({ hosted: ['orders'] })
      const replicas = [await services.start({ hosted: ['billing'] }), await services.start({ hosted: ['billing'] })]
      const mail = await services.start({ hosted: ['mail'] })
      await until(() => relayOf(source)?.state === 'running')
      const stop = publishing(source, mail)
      await until(() => metric(mail, 'banyan_events_handled_total') > 2_000)
      await stop()
      await services.caughtUp('billing')
      await services.caughtUp('mail')
      await services.space.expectExactlyOnce('billing')
      await services.space.expectExactlyOnce('mail')
      // They came as they were published, not by asking.
      expect(metric(mail, 'banyan_feed_published_total')).toBeGreaterThan(1_500)
      for (const one of [...replicas, mail]) await one.process.delivery.settled()
    },
  )

  withNats.test('are published by one process, also those that another commits', async () => {
    const services = await Services.open(await space())
    // Looks at its log by itself next to never: it is told.
    const first = await services.start({ hosted: ['orders'], limits: { pollMs: 3_600_000 } })
    await until(() => relayOf(first)?.state === 'running')
    const second = await services.start({ hosted: ['orders'] })
    await services.start({ hosted: ['mail'] })
    await second.process.publish(keys(30))
    await services.caughtUp('mail')
    expect(relayOf(second)?.state).toBe('elsewhere')
    await until(() => metric(first, 'banyan_relay_published_total') === 30)
  })

  withNats.test('go on when the process that publishes is gone, and it is refused when it comes back', async () => {
    const services = await Services.open(await space())
    const first = await services.start({ hosted: ['orders'] })
    await until(() => relayOf(first)?.state === 'running')
    const second = await services.start({ hosted: ['orders'] })
    const mail = await services.start({ hosted: ['mail'] })
    let wakeUp = (): void => undefined
    const paused = new Promise<void>((resolve) => {
      wakeUp = resolve
    })
    let held = false
    first.beforePublish = () => {
      held = true
      return paused
    }
    await first.process.publish(keys(20))
    await until(() => held)
    // Its sessions end as with the process; what it was about to publish is still in its hands.
    await services.space.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity a
       where exists (select from orders.banyan_leases l where l.name = 'relay' and l.owner_pid = a.pid)`,
    )
    await until(() => metric(second, 'banyan_relay_published_total') === 20)
    await services.caughtUp('mail')
    wakeUp()
    await until(() => metric(first, 'banyan_relay_refused_total') > 0)
    await second.process.publish(keys(20, 7))
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
    const { state } = await (await jetstreamManager(services.admin)).streams.info('market-orders')
    expect(state.messages).toBe(40)
    expect(metric(mail, 'banyan_subscription_stopped')).toBe(0)
  })

  withNats.test('reach a subscriber while the source does not answer, also one that takes over then', async () => {
    const services = await Services.open(await space())
    const source = await services.start({ hosted: ['orders'] })
    const mail = await services.start({ hosted: ['mail'] })
    const other = await services.start({ hosted: ['mail'] })
    await until(() => relayOf(source)?.state === 'running')
    await source.process.publish(keys(50))
    await services.caughtUp('mail')
    mail.sourceAnswers = false
    other.sourceAnswers = false
    await source.process.publish(keys(50))
    await services.caughtUp('mail')
    await mail.process.delivery.stop(1_000)
    await source.process.publish(keys(50))
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
    // What it had missed it read from the stream.
    const read = other.process.delivery.metrics().find(({ name }) => name === 'banyan_feed_events_total')
    expect(read?.samples.find(({ labels }) => labels.from === 'log')?.value).toBe(0)
  })

  withNats.test('come from the source for one who is further behind than the stream keeps', async () => {
    const services = await Services.open(await space(), { maxBytes: 64 * 1024 })
    const source = await services.start({ hosted: ['orders'] })
    await until(() => relayOf(source)?.state === 'running')
    for (let count = 0; count < 20; count++) await source.process.publish(keys(100))
    await until(() => relayOf(source)?.behind === 0)
    const { state } = await (await jetstreamManager(services.admin)).streams.info('market-orders')
    expect(state.messages).toBeLessThan(1_000)
    await services.start({ hosted: ['mail'] })
    await services.caughtUp('mail')
    await services.space.expectExactlyOnce('mail')
  })
})
