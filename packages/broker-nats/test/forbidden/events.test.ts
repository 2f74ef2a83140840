import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { makeStream, type Raw, type ShopServer, startShop, storedEvents, streamConfig, until } from './shop-server.js'

/*
 * What a process may not do with streams, tried with the credentials of its service and without our code. Twice: with
 * its permissions, and as a user of its account whom no permissions bind, so that accounts alone keep it out. The control
 * is who may, or who deploys.
 *
 * orders is of checkout, inventory of stock, payments of money; checkout reads payments and inventory, money reads orders,
 * stock nobody.
 */
withNats.describe('the accounts of events', () => {
  let server: ShopServer
  let checkout: Raw
  let stock: Raw
  let money: Raw
  let unboundStock: Raw
  let unboundMoney: Raw

  beforeAll(async () => {
    server = await startShop()
    for (const module of ['orders', 'payments', 'inventory']) await makeStream(server, module)
    ;[checkout, stock, money] = (await Promise.all(
      ['checkout', 'stock', 'money'].map((service) => server.as({ kind: 'events', service })),
    )) as [Raw, Raw, Raw]
    unboundStock = await server.unbound('SERVICE_stock')
    unboundMoney = await server.unbound('SERVICE_money')
    // One event in each stream, and the way in for who may: published and acknowledged.
    for (const [raw, module] of [
      [checkout, 'orders'],
      [money, 'payments'],
      [stock, 'inventory'],
    ] as const)
      expect(await ask(raw, `shop.event.${module}.0.1`, 'first')).toMatchObject({ stream: `shop-${module}`, seq: 1 })
  })
  afterAll(() => server.stop())

  /** Sends a request; what it brought is looked at later, when a control that was sent after it has its answer. */
  async function send(raw: Raw, subject: string, payload: string | object = ''): Promise<Sent> {
    const inbox = `${raw.inbox}.${++asked}`
    const heard = raw.subscribe(inbox)
    const before = (await raw.refusals()).length
    raw.connection.publish(subject, typeof payload === 'string' ? payload : JSON.stringify(payload), { reply: inbox })
    return {
      refused: async () => (await raw.refusals()).length > before,
      async answer() {
        const [message] = await heard.arrived()
        if (message === undefined || message.headers?.code === 503) return undefined
        return message.string().startsWith('{') ? message.json() : message.string()
      },
    }
  }
  interface Sent {
    refused(): Promise<boolean>
    /** As JSON where it is; undefined when there is none, or that nobody listens. */
    answer(): Promise<unknown>
  }
  let asked = 0

  /** The answer to a request that is answered for certain. */
  async function ask(raw: Raw, subject: string, payload: string | object = ''): Promise<unknown> {
    const sent = await send(raw, subject, payload)
    await until(async () => (await sent.answer()) !== undefined)
    return sent.answer()
  }

  /**
   * Sends requests as a service and as an unbound user of its account. The server refuses the first by permissions; the
   * second gets no answer, or that its account has no streams, while the control, sent after them, is answered.
   */
  async function refuses(
    [bound, unbound]: readonly [Raw, Raw],
    requests: readonly (readonly [subject: string, payload?: string | object])[],
    control: () => Promise<unknown>,
  ): Promise<void> {
    const free: [string, Sent][] = []
    for (const [subject, payload] of requests) {
      const sent = await send(bound, subject, payload)
      expect([subject, await sent.refused()]).toEqual([subject, true])
      free.push([subject, await send(unbound, subject, payload)])
    }
    await control()
    for (const [subject, sent] of free) {
      const answer = (await sent.answer()) as { error?: { description?: string } } | undefined
      const none = answer === undefined || answer.error?.description === 'JetStream not enabled for account'
      expect([subject, none]).toEqual([subject, true])
    }
  }

  const apiErrors = /Permissions Violation/i

  test('a service reads what it listens to: as it comes, and what is stored', async () => {
    const live = money.subscribe('shop.live.orders.*.*')
    await live.arrived()
    await ask(checkout, 'shop.event.orders.1.9', 'second')
    expect((await live.arrived()).map((message) => [message.subject, message.string()])).toEqual([
      ['shop.live.orders.1.9', 'second'],
    ])
    expect(await ask(money, 'shop.stream.orders.direct', { last_by_subj: 'shop.event.orders.1.9' })).toBe('second')
    expect(await money.refusals()).toEqual([])
  })

  test('nobody hears events of a module that it does not listen to', async () => {
    const before = (await stock.refusals()).length
    const bound = stock.subscribe('shop.live.orders.*.*')
    const unbound = unboundStock.subscribe('>')
    const reader = money.subscribe('shop.live.orders.*.*')
    expect((await stock.refusals()).slice(before)).toEqual([expect.stringMatching(apiErrors)])
    await unbound.arrived()
    await reader.arrived()
    await ask(checkout, 'shop.event.orders.2.17', 'for money')
    expect((await reader.arrived()).map((message) => message.string())).toEqual(['for money'])
    expect([await bound.arrived(), await unbound.arrived()]).toEqual([[], []])
    unbound.end()
  })

  test('nobody reads stored events of a module that it does not listen to', async () => {
    const wanted = { last_by_subj: 'shop.event.orders.0.1' }
    const control = async (): Promise<void> => {
      expect(await ask(money, 'shop.stream.orders.direct', wanted)).toBe('first')
    }
    await refuses(
      [stock, unboundStock],
      [
        ['shop.stream.orders.direct', wanted],
        ['$JS.API.DIRECT.GET.shop-orders', wanted],
        ['shop.stream.orders.get', wanted],
        ['$JS.API.STREAM.MSG.GET.shop-orders', wanted],
      ],
      control,
    )
    // Nor more of a module that it does listen to than it needs.
    await refuses([money, unboundMoney], [['shop.stream.orders.get', wanted]], control)
  })

  test('a stored event is delivered to nobody but who asked for it', async () => {
    // Tried before on one account for all: a direct get whose reply was the subject of a module that it may not call.
    const calls = await server.unbound('CALLS')
    const heard = [calls.subscribe('>'), unboundStock.subscribe('>'), checkout.subscribe('_INBOX.checkout.>')]
    for (const one of heard) await one.arrived()
    const wanted = JSON.stringify({ last_by_subj: 'shop.event.orders.0.1' })
    const own = unboundMoney.subscribe('>')
    await own.arrived()
    const replies = ['shop.call.inventory.v1.2_0.any.reserve.checkout', '_INBOX.checkout.x', 'shop.live.payments.0.1']
    for (const raw of [money, unboundMoney])
      for (const reply of replies) raw.connection.publish('shop.stream.orders.direct', wanted, { reply })
    // Its own account got every one of them: the events came, and went no further.
    const firsts = async () => (await own.arrived()).filter((message) => message.string() === 'first').length
    await until(async () => (await firsts()) === 2 * replies.length)
    for (const one of heard) expect(await one.arrived()).toEqual([])
    own.end()
    heard[1]?.end()
  })

  test('nobody writes to the stream of another module, or speaks as its stream', async () => {
    const stored = await storedEvents(server, 'orders')
    const live = money.subscribe('shop.live.orders.*.*')
    await live.arrived()
    const control = async (): Promise<void> => {
      expect(await ask(checkout, 'shop.event.orders.0.1', 'real')).toMatchObject({ stream: 'shop-orders' })
    }
    const forged = [['shop.event.orders.0.1', 'forged']] as const
    await refuses([stock, unboundStock], forged, control)
    await refuses([money, unboundMoney], forged, control)
    const unboundCheckout = await server.unbound('SERVICE_checkout')
    for (const raw of [stock, unboundStock, money, checkout, unboundCheckout]) {
      raw.connection.publish('shop.live.orders.0.1', 'forged')
      await raw.refusals()
    }
    await control()
    // What reached the reader is what the stream told: nobody else can speak to it there.
    expect((await live.arrived()).map((message) => message.string())).toEqual(['real', 'real', 'real'])
    expect(await storedEvents(server, 'orders')).toBe(stored + 3)
    live.end()
  })

  test('nobody makes, changes, clears or removes a stream', async () => {
    const stored = [await storedEvents(server, 'orders'), await storedEvents(server, 'payments')]
    const elsewhere = 'shop.call.inventory.v1.2_0.any.{{wildcard(1)}}.{{wildcard(2)}}'
    const attempts: [string, object][] = [
      ['$JS.API.STREAM.CREATE.mine', { name: 'mine', subjects: ['mine.>'], storage: 'memory' }],
      ['$JS.API.STREAM.CREATE.mirror', { name: 'mirror', mirror: { name: 'shop-orders' } }],
      ['$JS.API.STREAM.CREATE.source', { name: 'source', sources: [{ name: 'shop-orders' }] }],
      [
        '$JS.API.STREAM.CREATE.spread',
        { name: 'spread', subjects: ['spread.*.*'], republish: { src: 'spread.*.*', dest: elsewhere } },
      ],
      [
        '$JS.API.STREAM.UPDATE.shop-payments',
        { ...streamConfig('payments'), subjects: ['shop.event.payments.*.*', 'shop.more.>'] },
      ],
      ['$JS.API.STREAM.PURGE.shop-orders', {}],
      ['$JS.API.STREAM.DELETE.shop-orders', {}],
      ['$JS.API.STREAM.DELETE.shop-payments', {}],
      ['$JS.API.STREAM.MSG.DELETE.shop-orders', { seq: 1 }],
      ['shop.stream.orders.purge', {}],
    ]
    // money hosts payments, so that is as close to a stream as a service comes.
    await refuses([money, unboundMoney], attempts, async () => {
      expect([await storedEvents(server, 'orders'), await storedEvents(server, 'payments')]).toEqual(stored)
    })
    // The control: who deploys does each of them in the account of a stream.
    const deploy = await server.as({ kind: 'deploy', module: 'payments' })
    for (const [subject, payload] of attempts.filter(([name]) => name.endsWith('shop-payments'))) {
      const answer = (await ask(deploy, subject, payload)) as { error?: unknown }
      expect([subject, answer.error]).toEqual([subject, undefined])
    }
    await makeStream(server, 'payments')
    expect(await ask(money, 'shop.stream.payments.purge', {})).toMatchObject({ success: true })
  })

  test('nobody has a consumer, so nobody has events pushed anywhere', async () => {
    const consumer = (deliver?: string): object => ({
      stream_name: 'shop-orders',
      config: { durable_name: 'c', ack_policy: 'none', ...(deliver === undefined ? {} : { deliver_subject: deliver }) },
    })
    const elsewhere = 'shop.call.inventory.v1.2_0.any.reserve.checkout'
    const deploy = await server.as({ kind: 'deploy', module: 'orders' })
    const durable = '$JS.API.CONSUMER.DURABLE.CREATE.shop-orders.c'
    await refuses(
      [money, unboundMoney],
      [
        ['$JS.API.CONSUMER.CREATE.shop-orders', consumer(elsewhere)],
        [durable, consumer(elsewhere)],
        [durable, consumer()],
      ],
      // The control: who deploys may, and there is still none but that.
      async () => expect(await ask(deploy, durable, consumer())).toMatchObject({ config: { durable_name: 'c' } }),
    )
    const next = '$JS.API.CONSUMER.MSG.NEXT.shop-orders.c'
    await refuses([money, unboundMoney], [[next, '1']], async () => expect(await ask(deploy, next, '1')).toBe('first'))
    await (await jetstreamManager(deploy.connection)).consumers.delete('shop-orders', 'c')
  })

  test('nobody hears its whole account, the system, or the inbox of another', async () => {
    for (const subject of ['>', '*.>', '_INBOX.>', '_INBOX.checkout.>', '$SYS.>', '$JS.>', 'shop.event.orders.*.*']) {
      const before = (await money.refusals()).length
      money.subscribe(subject)
      expect((await money.refusals()).slice(before)).toEqual([expect.stringMatching(apiErrors)])
    }
  })

  test('who deploys the stream of one module reaches no other', async () => {
    const deploy = await server.as({ kind: 'deploy', module: 'inventory' })
    expect(await ask(deploy, '$JS.API.STREAM.INFO.shop-orders', '')).toMatchObject({ error: { code: 404 } })
    expect(await ask(deploy, '$JS.API.STREAM.INFO.shop-inventory', '')).toMatchObject({ state: { messages: 1 } })
  })
})
