import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, type LogEvent, type StreamTail } from '@banyan/runtime'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { expect, onTestFinished } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { until } from '../../../store-postgres/test/delivery/server.js'
import { createBrokerEvents, ensureStreams, type NatsServer, startNatsServer } from '../../src/index.js'

const logger = createLogger({ level: 'silent' })

/** As decision 0019 has it: the stream in an account of its own, `shop` publishes, `post` listens, `spy` may nothing. */
const config = `
accounts {
  EVENTS_orders {
    jetstream: { max_file: 64M, max_streams: 1 }
    users: [ { user: deploy, password: p } ]
    exports: [
      { service: "market.event.orders.*.*", accounts: [shop] }
      { service: "$JS.API.STREAM.INFO.market-orders", accounts: [shop] }
      { service: "$JS.API.STREAM.MSG.GET.market-orders", accounts: [shop] }
      { service: "$JS.API.STREAM.PURGE.market-orders", accounts: [shop] }
      { service: "$JS.API.DIRECT.GET.market-orders", accounts: [post] }
      { stream: "market.live.orders.*.*", accounts: [post] }
    ]
  }
  shop {
    users: [ { user: shop, password: p } ]
    imports: [
      { service: { account: EVENTS_orders, subject: "market.event.orders.*.*" } }
      { service: { account: EVENTS_orders, subject: "$JS.API.STREAM.INFO.market-orders" }, to: "market.stream.orders.info" }
      { service: { account: EVENTS_orders, subject: "$JS.API.STREAM.MSG.GET.market-orders" }, to: "market.stream.orders.get" }
      { service: { account: EVENTS_orders, subject: "$JS.API.STREAM.PURGE.market-orders" }, to: "market.stream.orders.purge" }
    ]
  }
  post {
    users: [ { user: post, password: p } ]
    imports: [
      { stream: { account: EVENTS_orders, subject: "market.live.orders.*.*" } }
      { service: { account: EVENTS_orders, subject: "$JS.API.DIRECT.GET.market-orders" }, to: "market.stream.orders.direct" }
    ]
  }
  spy { users: [ { user: spy, password: p } ] }
}`

const incarnation = '0190-first'

/** A stream that ends there, without an event of any lane. */
const tail = (sequence: number): StreamTail => ({ sequence, lanes: new Array<number>(64).fill(0) })

export function logEvent(over: Partial<LogEvent> = {}): LogEvent {
  return {
    id: '01890c2e-0000-7000-8000-000000000001',
    lane: 9,
    position: 1,
    key: 'a key ,"data":"with" 100 % ünïcode\n',
    type: 'placed',
    version: 3,
    data: '{"total":1.50,"text":"ö\\n"}',
    at: Date.UTC(2026, 10, 27, 8, 0, 0, 123),
    context: '{"correlationId":"c-1","causationId":"c-0","identity":{"subject":"ö"}}',
    ...over,
  }
}

withNats.describe('streams in accounts of their own', () => {
  async function opened(): Promise<{ nats: NatsServer; as: (user: string) => Promise<NatsConnection> }> {
    const folder = mkdtempSync(join(tmpdir(), 'ba-'))
    const nats = await startNatsServer({ folder, config })
    const connections: NatsConnection[] = []
    onTestFinished(async () => {
      for (const connection of connections) await connection.close()
      await nats.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const as = async (user: string): Promise<NatsConnection> => {
      const connection = await connect({ servers: nats.url, user, pass: 'p', inboxPrefix: `_INBOX.${user}` })
      connections.push(connection)
      return connection
    }
    const admin = await as('deploy')
    await ensureStreams({ app: 'market', plans: [{ module: 'orders', maxBytes: 8_000_000 }], admin: () => admin })
    // Again, with other limits: what it holds stays.
    await ensureStreams({ app: 'market', plans: [{ module: 'orders', maxBytes: 16_000_000 }], admin: () => admin })
    return { nats, as }
  }

  const events = (connection: NatsConnection, user: string) =>
    createBrokerEvents({ connection, logger, app: 'market', accounts: true, inboxPrefix: `_INBOX.${user}` })

  withNats.test(
    'are published, followed and read with no more than was granted, and events come as they were',
    async () => {
      const { as } = await opened()
      const stream = events(await as('shop'), 'shop').stream('orders')
      const source = events(await as('post'), 'post').source('orders')
      const heard: LogEvent[] = []
      let resumed = 0
      const follow = source.follow({
        published: (of, list) => {
          expect(of).toBe(incarnation)
          heard.push(...list)
        },
        resumed: () => resumed++,
      })
      follow.want([1])
      await until(() => follow.following && resumed === 1)
      const sent = [1, 2, 3].map((position) => logEvent({ position }))
      const elsewhere = logEvent({ lane: 63, position: 1 })
      expect(await source.heads()).toBeUndefined()
      expect(await stream.publish(incarnation, [...sent, elsewhere], tail(0))).toBeUndefined()
      await until(() => heard.length === 3)
      expect(heard).toEqual(sent)
      const ends = await stream.ends()
      expect(ends[9]).toEqual({ position: 3, incarnation, sequence: 3 })
      expect(ends.filter((end) => end !== undefined)).toHaveLength(2)
      expect((await stream.state()).lastSequence).toBe(4)
      const heads = await source.heads()
      expect([heads?.incarnation, heads?.positions[9], heads?.positions[63], heads?.positions[0]]).toEqual([
        incarnation,
        3,
        1,
        0,
      ])
      expect(
        await source.read(
          incarnation,
          [
            { lane: 9, after: 1 },
            { lane: 63, after: 0 },
            { lane: 5, after: 0 },
          ],
          10,
        ),
      ).toEqual([sent[1], sent[2], elsewhere])
      expect(await source.read('another', [{ lane: 9, after: 0 }], 10)).toEqual([])
      follow.stop()
    },
  )

  withNats.test('take no event from a publisher that was overtaken, and of its batch none behind it', async () => {
    const { as } = await opened()
    const stream = events(await as('shop'), 'shop').stream('orders')
    await stream.publish(incarnation, [logEvent({ lane: 10 })], tail(0))
    const batch = [logEvent({ position: 1 }), logEvent({ position: 2 })]
    // The second one would be at the end of the stream again, but not behind the first.
    expect(await stream.publish(incarnation, batch, tail(0))).toMatchObject({ kind: 'overtaken' })
    expect((await stream.state()).lastSequence).toBe(1)
    await stream.purge()
    expect((await stream.ends()).every((end) => end === undefined)).toBe(true)
    expect(await stream.publish(incarnation, batch, tail(1))).toBeUndefined()
  })

  withNats.test('find a position after events were dropped, filled again, and repeated', async () => {
    const { as } = await opened()
    const stream = events(await as('shop'), 'shop').stream('orders')
    const source = events(await as('post'), 'post').source('orders')
    const fill = async (from: number, to: number, after: number): Promise<void> => {
      const list = []
      for (let position = from; position <= to; position++)
        list.push(logEvent({ position }), logEvent({ position, lane: 10 }))
      await stream.publish(incarnation, list, tail(after))
    }
    const positions = async (after: number, limit = 6): Promise<number[]> =>
      (await source.read(incarnation, [{ lane: 10, after }], limit)).map(({ position }) => position)
    await fill(1, 100, 0)
    expect(await positions(41)).toEqual([42, 43, 44, 45, 46, 47])
    expect(await positions(47, 2)).toEqual([48, 49])
    expect(await positions(0, 1)).toEqual([1])
    expect(await positions(100)).toEqual([])
    await stream.purge()
    await fill(60, 80, 200)
    expect(await positions(49)).toEqual([])
    expect(await positions(70, 3)).toEqual([71, 72, 73])
  })

  withNats.test('refuse everybody else, and answer nobody but the one who asked (P8)', async () => {
    const { as } = await opened()
    const [post, spy, shop] = [await as('post'), await as('spy'), await as('shop')]
    await events(shop, 'shop').stream('orders').publish(incarnation, [logEvent()], tail(0))
    for (const connection of [post, spy]) {
      const stream = events(connection, connection === post ? 'post' : 'spy').stream('orders')
      await expect(stream.publish(incarnation, [logEvent({ position: 2 })], tail(1))).rejects.toMatchObject({
        code: 'unavailable',
      })
      await expect(stream.state()).rejects.toMatchObject({ code: 'unavailable' })
      await expect(stream.purge()).rejects.toMatchObject({ code: 'unavailable' })
    }
    await expect(events(spy, 'spy').source('orders').heads()).rejects.toMatchObject({ code: 'unavailable' })
    const overheard: string[] = []
    for (const connection of [spy, shop])
      connection.subscribe('>', { callback: (_error, { subject }) => void overheard.push(subject) })
    await Promise.all([spy.flush(), shop.flush()])
    let own = 0
    post.subscribe('market.call.payments', { callback: () => void own++ })
    // The reply that it names is a subject of its own account, whatever others call so.
    post.publish('market.stream.orders.direct', '{"seq":1}', { reply: 'market.call.payments' })
    post.publish('market.live.orders.1.9', 'forged')
    await until(() => own === 1)
    await Promise.all([spy.flush(), shop.flush()])
    expect(overheard).toEqual([])
  })

  withNats.test('hold CloudEvents 1.0 in structured mode, which any other reader understands', async () => {
    const { as } = await opened()
    const event = logEvent({
      context: '{"correlationId":"c-1","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}',
    })
    await events(await as('shop'), 'shop')
      .stream('orders')
      .publish(incarnation, [event], tail(0))
    const message = await (await as('post')).request('market.stream.orders.direct', '{"seq":1}')
    // NATS binding 3.2, JSON format 3.
    expect(message.headers?.get('content-type')).toBe('application/cloudevents+json')
    const read = JSON.parse(message.string()) as Record<string, unknown>
    for (const [name, value] of Object.entries(read)) {
      // CloudEvents 1.0, Attribute Naming Convention; Type System: an Integer has 32 bits.
      expect(name).toMatch(/^[a-z][a-z0-9]{0,19}$/)
      if (name !== 'data') expect(typeof value === 'string' ? value : (value as number) | 0).toBe(value)
    }
    expect(read).toEqual({
      specversion: '1.0',
      id: event.id,
      source: '/market/orders',
      type: 'orders.placed',
      time: '2026-11-27T08:00:00.123Z',
      datacontenttype: 'application/json',
      partitionkey: event.key,
      correlationid: 'c-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      lane: 9,
      position: '1',
      incarnation,
      typeversion: 3,
      travel: event.context,
      data: JSON.parse(event.data),
    })
    // The same bytes as in the log.
    expect(message.string().endsWith(`,"data":${event.data}}`)).toBe(true)
  })
})
