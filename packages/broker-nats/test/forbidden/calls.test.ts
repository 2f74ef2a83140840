import { connect, headers, nkeyAuthenticator } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { createUserKey } from '../../src/index.js'
import { type Raw, type ShopServer, startShop } from './shop-server.js'

/*
 * What a process may not do in the account of calls, tried with the credentials of its service and without our code: the
 * server refuses it. For each, the control shows that the same attempt gets through for a user whom nothing binds.
 */
withNats.describe('the account of calls', () => {
  let server: ShopServer
  let checkout: Raw
  let stock: Raw
  let money: Raw
  let gateway: Raw
  let unbound: Raw

  beforeAll(async () => {
    server = await startShop()
    ;[checkout, stock, money, gateway] = (await Promise.all(
      ['checkout', 'stock', 'money', 'gateway'].map((service) => server.as({ kind: 'calls', service })),
    )) as [Raw, Raw, Raw, Raw]
    unbound = await server.unbound('CALLS')
  })
  afterAll(() => server.stop())

  /** Tries to publish: the victim hears nothing of the attacker, who is told, and hears the control. */
  async function refusesToPublish(attacker: Raw, subject: string, victim: Raw, hears: string): Promise<void> {
    const heard = victim.subscribe(hears)
    const refusedVictim = (await victim.refusals()).length
    const before = (await attacker.refusals()).length
    attacker.connection.publish(subject, 'attempt')
    expect((await attacker.refusals()).slice(before)).toEqual([
      expect.stringMatching(
        new RegExp(`Permissions Violation for Publish to "${subject.replace(/[.$*]/g, '\\$&')}"`, 'i'),
      ),
    ])
    unbound.connection.publish(subject, 'control')
    await unbound.refusals()
    expect((await heard.arrived()).map((message) => message.string())).toEqual(['control'])
    heard.end()
    expect(await victim.refusals()).toHaveLength(refusedVictim + (victim === attacker ? 1 : 0))
  }

  /** Tries to subscribe: the server says no, and nothing arrives of what the control hears. */
  async function refusesToSubscribe(attacker: Raw, subject: string, sent: string, queue?: string): Promise<void> {
    const before = (await attacker.refusals()).length
    const heard = attacker.subscribe(subject, queue)
    expect((await attacker.refusals()).slice(before)).toEqual([
      expect.stringMatching(/Permissions Violation for Subscription to/i),
    ])
    const control = unbound.subscribe(subject)
    await control.arrived()
    unbound.connection.publish(sent, 'secret')
    expect((await control.arrived()).map((message) => message.string())).toContain('secret')
    expect(await heard.arrived()).toEqual([])
    control.end()
  }

  test('what is declared is let through: nothing below is refused because everything is', async () => {
    const calls = stock.subscribe('shop.call.inventory.v1.2_0.any.*.*', 'inventory')
    const replies = checkout.subscribe('shop.reply.checkout.*.T0KEN.*')
    await calls.arrived()
    await replies.arrived()
    checkout.connection.publish('shop.call.inventory.v1.2_0.any.reserve.checkout', 'hold it')
    await checkout.refusals()
    expect((await calls.arrived()).map(({ subject }) => subject)).toEqual([
      'shop.call.inventory.v1.2_0.any.reserve.checkout',
    ])
    stock.connection.publish('shop.reply.checkout.inventory.T0KEN.1', 'held')
    await stock.refusals()
    expect((await replies.arrived()).map((message) => message.string())).toEqual(['held'])
    expect([await checkout.refusals(), await stock.refusals()]).toEqual([[], []])
    // The server tells "nobody listens" to one subscription alone, below to one that comes later.
    replies.end()
  })

  test('a module that is not declared under uses cannot be called', async () => {
    await refusesToPublish(
      checkout,
      'shop.call.payments.v0_4.3.any.authorize.checkout',
      money,
      'shop.call.payments.v0_4.3.any.*.*',
    )
    await refusesToPublish(
      stock,
      'shop.call.orders.v2.0_0.any.place.stock',
      checkout,
      'shop.call.orders.v2.0_0.any.*.*',
    )
    // Listening to a module does not let anybody call it.
    await refusesToPublish(money, 'shop.call.orders.v2.0_0.any.place.money', checkout, 'shop.call.orders.v2.*.*.*.*')
  })

  test('an operation that is not declared, or of another line of versions, cannot be called', async () => {
    // The gateway may call what has http, and that alone.
    await refusesToPublish(
      gateway,
      'shop.call.inventory.v1.2_0.any.reserve.gateway',
      stock,
      'shop.call.inventory.*.*.*.*.*',
    )
    await refusesToPublish(
      checkout,
      'shop.call.inventory.v2.0_0.any.reserve.checkout',
      stock,
      'shop.call.inventory.v2.*.*.*.*',
    )
    await refusesToPublish(
      checkout,
      'shop.call.inventory.v1.2_0.any.drop.checkout',
      stock,
      'shop.call.inventory.v1.*.*.drop.*',
    )
    await refusesToPublish(checkout, 'shop.cancel.payments.checkout', money, 'shop.cancel.payments.*')
    await refusesToPublish(checkout, 'shop.route.payments.v0_4.3.any.checkout', money, 'shop.route.payments.*.*.any.*')
    await refusesToPublish(stock, 'shop.log.orders.read.stock', checkout, 'shop.log.orders.*.*')
  })

  test('nobody speaks in the name of another', async () => {
    await refusesToPublish(
      checkout,
      'shop.call.inventory.v1.2_0.any.reserve.stock',
      stock,
      'shop.call.inventory.v1.2_0.any.*.stock',
    )
    await refusesToPublish(
      stock,
      'shop.call.inventory.v1.2_0.any.level.gateway',
      stock,
      'shop.call.inventory.v1.2_0.any.level.gateway',
    )
    await refusesToPublish(stock, 'shop.log.payments.read.checkout', money, 'shop.log.payments.*.*')
    await refusesToPublish(checkout, 'shop.cancel.inventory.gateway', stock, 'shop.cancel.inventory.gateway')
    await refusesToPublish(stock, 'shop.presence.money', checkout, 'shop.presence.*')
    await refusesToPublish(stock, 'shop.hello.money', money, 'shop.hello.*')
    await refusesToPublish(await server.as({ kind: 'observer' }), 'shop.hello.money', gateway, 'shop.hello.money')
  })

  test('nobody answers for a module of another, nor speaks to who may not ask it', async () => {
    // stock may answer checkout as inventory, and knows the token by which checkout waits for payments as well.
    await refusesToPublish(stock, 'shop.reply.checkout.payments.T0KEN.2', checkout, 'shop.reply.checkout.payments.*.*')
    await refusesToPublish(stock, 'shop.reply.money.inventory.T0KEN.2', money, 'shop.reply.money.inventory.*.*')
  })

  test('nobody reads what is for another', async () => {
    await refusesToSubscribe(stock, 'shop.reply.checkout.>', 'shop.reply.checkout.inventory.T0KEN.3')
    await refusesToSubscribe(stock, 'shop.reply.*.inventory.*.*', 'shop.reply.checkout.inventory.T0KEN.4')
    await refusesToSubscribe(stock, 'shop.call.payments.>', 'shop.call.payments.v0_4.3.any.authorize.money')
    await refusesToSubscribe(
      stock,
      'shop.call.payments.v0_4.3.any.*.*',
      'shop.call.payments.v0_4.3.any.refund.gateway',
      'payments',
    )
    await refusesToSubscribe(stock, 'shop.call.*.*.*.*.*.*', 'shop.call.payments.v0_4.3.any.refund.gateway')
    await refusesToSubscribe(checkout, 'shop.route.payments.*.*.any.*', 'shop.route.payments.v0_4.3.any.gateway')
    await refusesToSubscribe(checkout, 'shop.log.payments.*.*', 'shop.log.payments.read.checkout')
    await refusesToSubscribe(checkout, 'shop.cancel.payments.*', 'shop.cancel.payments.gateway')
    await refusesToSubscribe(gateway, 'shop.call.orders.v2.0_0.any.*.*', 'shop.call.orders.v2.0_0.any.place.gateway')
    await refusesToSubscribe(await server.as({ kind: 'observer' }), 'shop.hello.*', 'shop.hello.money')
  })

  test('nobody hears the whole account, or the system', async () => {
    await refusesToSubscribe(checkout, '>', 'anything')
    await refusesToSubscribe(checkout, '*.>', 'any.thing')
    await refusesToSubscribe(checkout, 'shop.>', 'shop.any')
    await refusesToSubscribe(checkout, '_INBOX.>', '_INBOX.any.thing')
    const before = (await checkout.refusals()).length
    const system = checkout.subscribe('$SYS.>')
    checkout.connection.publish('$SYS.REQ.SERVER.PING', '', { reply: 'shop.reply.checkout.orders.T0KEN.5' })
    checkout.connection.publish('$JS.API.INFO', '', { reply: 'shop.reply.checkout.orders.T0KEN.5' })
    expect((await checkout.refusals()).slice(before)).toEqual([
      expect.stringMatching(/Permissions Violation for Subscription to "\$SYS\.>"/i),
      expect.stringMatching(/Permissions Violation for Publish to "\$SYS\.REQ\.SERVER\.PING"/i),
      expect.stringMatching(/Permissions Violation for Publish to "\$JS\.API\.INFO"/i),
    ])
    expect(await system.arrived()).toEqual([])
  })

  test('the server is not made to speak to others: its "nobody listens" comes back to who asked', async () => {
    const victim = money.subscribe('shop.call.payments.v0_4.3.any.*.*')
    const own = checkout.subscribe('shop.reply.checkout.*.T0KEN.*')
    await victim.arrived()
    await own.arrived()
    const nobody = 'shop.call.mail.v1.9_9.any.send.checkout'
    const reply = 'shop.call.payments.v0_4.3.any.authorize.checkout'
    checkout.connection.publish(nobody, '', { reply })
    checkout.connection.publish(nobody, '', {
      reply: 'shop.call.payments.v0_4.3.any.refund.gateway',
      headers: headers(),
    })
    checkout.connection.publish(nobody, '', { reply: 'shop.reply.checkout.mail.T0KEN.6' })
    expect((await own.arrived()).map(({ headers: given }) => given?.code)).toEqual([503])
    expect(await victim.arrived()).toEqual([])
    // The control: who may answer there is heard.
    unbound.connection.publish(reply, 'control')
    await unbound.refusals()
    expect(await victim.arrived()).toHaveLength(1)
  })

  test('nobody comes in without a key, or with a key of another', async () => {
    const { seed } = createUserKey()
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed))
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/authorization violation/i)
    await expect(connect({ servers: server.url, reconnect: false, authenticator })).rejects.toThrow(
      /authorization violation/i,
    )
  })
})
