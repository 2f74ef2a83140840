import { defineApp, defineModule, type ModuleCaller, type Sql } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { testApp } from '@banyan/testing'
import { describe, expect, test } from 'vitest'
import { everywhere, inPlacements } from './placements.js'
import { shop, shopFolder } from './shop/app.js'
import { mail, orders, stock } from './shop/contracts.js'
import { newId, order, shopIn } from './shop/open.js'

inPlacements(everywhere, (placement) => {
  const openShop = shopIn(placement)

  interface Careless {
    readonly sql: Sql
    readonly call: { readonly stock: ModuleCaller<typeof stock> }
  }

  const clerk = { subject: 'clerk', permissions: ['order:write'] }

  describe('an app under test', () => {
    test('answers calls, and tells what was published', async () => {
      await using t = await openShop()
      const { orderId } = await t.call(orders).place(order)
      expect(await t.call(orders).byId({ orderId })).toEqual({ status: 'placed', sku: 'sku-1', quantity: 2 })
      await t.call(orders).cancel({ orderId })
      const { placed, cancelled } = t.events(orders)
      expect(placed.map((event) => event.data)).toEqual([{ orderId, sku: 'sku-1', quantity: 2 }])
      expect(cancelled.map((event) => [event.key, event.position])).toEqual([['sku-1', 2]])
      expect(placed[0]?.time).toEqual(t.clock.now())
    })

    test('is settled when every event has had its effect', async () => {
      await using t = await openShop()
      for (let n = 0; n < 20; n++) await t.call(orders).place({ ...order, sku: `sku-${(n % 5) + 1}` })
      await t.settled()
      expect(await t.call(mail).sent()).toHaveLength(20)
      expect(t.health().modules.map((module) => module.deadLetters)).toEqual([0, 0, 0])
    })

    test('gives declared errors typed, as exceptions and as values', async () => {
      await using t = await openShop()
      const failed = await t
        .call(orders)
        .place({ ...order, quantity: 101 })
        .result()
      if (failed.ok) throw new Error('It was not refused')
      expect(failed.error.details.most).toBe(100)
      await expect(t.call(stock).reserve({ ...order, orderId: newId(), quantity: 9_999_999 })).rejects.toMatchObject({
        code: 'stock.outOfStock',
        details: { left: 1_000_000 },
      })
    })

    test('moves its clock only when the test does: jobs become due, at their own time', async () => {
      await using t = await openShop({ now: '2026-03-01T12:00:00Z' })
      const { orderId } = await t.call(orders).place(order)
      await t.settled()
      expect(t.clock.now().toISOString()).toBe('2026-03-01T12:00:00.000Z')
      await t.clock.advance('9m')
      expect(await t.call(mail).sent()).toEqual([{ order_id: orderId, kind: 'placed' }])
      await t.clock.advance('2m')
      expect(await t.call(mail).sent()).toEqual([
        { order_id: orderId, kind: 'placed' },
        { order_id: orderId, kind: 'reminder' },
      ])
      expect(t.clock.now().toISOString()).toBe('2026-03-01T12:11:00.000Z')
    })

    test('lets a test look into the tables of a module, read-only', async () => {
      await using t = await openShop()
      await t.call(orders).place(order)
      expect(await t.sql(orders)`select customer, quantity from orders`.all()).toEqual([
        { customer: 'ada', quantity: 2 },
      ])
      await expect(t.sql(orders)`delete from orders`.all()).rejects.toMatchObject({ code: 'read-only' })
      await expect(t.sql(orders)`select * from stock.levels`.all()).rejects.toThrow(/permission denied/)
    })

    test('is reached through the gateway, with and without a port', async () => {
      await using t = await openShop({ as: clerk, gateway: true })
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(order) }
      const placed = await t.fetch('/orders', init)
      expect(placed.status).toBe(200)
      const { orderId } = (await placed.json()) as { orderId: string }
      expect(await (await fetch(`${t.url}/orders/${orderId}`)).json()).toMatchObject({ sku: 'sku-1' })
      await using stranger = await openShop()
      expect(stranger.url).toBeUndefined()
      expect((await stranger.fetch('/orders', init)).status).toBe(401)
    })

    test.each([
      ['a statement that it began', 'not-awaited', ({ sql }: Careless) => void sql`select pg_sleep(0.2)`.all()],
      ['a statement that it only wrote', 'not-awaited', ({ sql }: Careless) => void sql`delete from levels`],
      ['a statement that cannot be', 'internal', ({ sql }: Careless) => void sql`select ${undefined as never}`.run()],
      ['a call', 'not-awaited', ({ call }: Careless) => void call.stock.level({ sku: 'rare' })],
    ])('P1 fails a handler that leaves without await: %s', async (_what, code, careless) => {
      const careful = defineModule(stock, {
        migrations: 'stock',
        commands: {
          async reserve(_input, context) {
            await careless(context as unknown as Careless)
            return { left: 0 }
          },
        },
        queries: {
          async level(_input, { sql }) {
            await sql`select pg_sleep(0.2)`
            return 0
          },
        },
      })
      await using t = await openShop({ replace: [careful] })
      const input = { ...order, orderId: newId() }
      await expect(t.call(stock).reserve(input)).rejects.toMatchObject({ code })
      expect(await t.sql(stock)`select count(*)::int as count from levels`.all()).toEqual([{ count: 21 }])
    })

    test('has a database of its own, which is gone afterwards', async () => {
      const first = await openShop()
      await using second = await openShop()
      await first.call(orders).place(order)
      expect(await second.sql(orders)`select * from orders`.all()).toEqual([])
      const [{ name } = { name: '' }] = await first.sql(orders)<{
        name: string
      }>`select current_database() as name`.all()
      expect(name).toMatch(/^banyan_test_[0-9a-f]{12}_[0-9a-f]{32}$/)
      await first.stop()
      expect(await second.sql(orders)`select from pg_database where datname = ${name}`.all()).toEqual([])
      await expect(first.call(orders).place(order)).rejects.toMatchObject({ code: 'unavailable' })
      await first.stop()
    })
  })

  describe('what is refused', () => {
    test('placements that there are not, modules that the app does not have, times that are none: all at once', async () => {
      const other = defineModule({ ...mail, name: 'post' } as unknown as typeof mail, {
        commands: { remind: () => undefined },
        queries: { sent: () => [] },
      })
      await expect(
        openShop({ placement: 'somewhere' as 'local', replace: [other as never], now: 'yesterday' }),
      ).rejects.toMatchObject({
        code: 'invalid-config',
        message: [
          'The configuration is not valid',
          '  ✗ test of shop · placement',
          "      'somewhere' is not a placement",
          '      allowed: local, wire, distributed',
          '      remedy:  Name one of them; what a module does must not depend on where it runs (P1).',
          '  ✗ test of shop · replace',
          "      the app has no module 'post'",
          '      allowed: orders, stock, mail',
          '      remedy:  Replace a module of the app, or take it out.',
          '  ✗ test of shop · now',
          "      'yesterday' is not a time",
          '      remedy:  Write an ISO 8601 time.',
        ].join('\n'),
      })
    })

    test('an app that does not fit together', async () => {
      const lonely = defineApp({ name: 'lonely', modules: shop.modules.filter((module) => module.name !== 'stock') })
      await expect(testApp(lonely, { placement, baseFolder: shopFolder })).rejects.toMatchObject({
        code: 'invalid-app',
      })
    })

    test('P10 a command id that nothing can be derived from', async () => {
      await using t = await openShop()
      await expect(t.call(orders, { id: 'order-1' }).place(order)).rejects.toMatchObject({
        code: 'invalid-input',
        message: 'The input of orders.place is not valid: the command id is not a UUID',
      })
    })

    test('settling in vain: it says what is not settled', async () => {
      let release = (): void => undefined
      const blocked = new Promise<void>((resolve) => {
        release = resolve
      })
      const slow = defineModule(mail, {
        listens: { orders },
        commands: { remind: () => undefined },
        queries: { sent: () => [] },
        on: { orders: { placed: () => blocked } },
      })
      await using t = await testApp(shop, {
        placement,
        baseFolder: shopFolder,
        appFile: 'app.ts',
        replace: [slow],
        logger: createLogger({ level: 'silent' }),
      })
      await t.call(orders).place(order)
      // Asked until the event has arrived: between processes that takes its time.
      const refused = (): Promise<unknown> => t.settled(300).catch((error: unknown) => error)
      await expect.poll(refused, { timeout: 20_000 }).toMatchObject({
        code: 'deadline-exceeded',
        message: expect.stringContaining('mail/on/orders: 1 events are not handled yet'),
      })
      release()
      await t.settled()
    })
  })
})
