import { defineModule } from '@banyan/module'
import { standIn } from '@banyan/testing'
import { expect, test } from 'vitest'
import { everywhere, inPlacements } from './placements.js'
import { mail, orders, stock } from './shop/contracts.js'
import { order, shopIn } from './shop/open.js'

inPlacements(everywhere, (placement) => {
  const openShop = shopIn(placement)

  test('a stand-in takes the place of a module, with the handlers that the test gives it', async () => {
    const asked: string[] = []
    const shelf = standIn(stock, {
      reserve: async ({ orderId, quantity }) => {
        asked.push(orderId)
        return { left: 10 - quantity }
      },
    })
    await using t = await openShop({ replace: [shelf], repeat: false })
    const { orderId } = await t.call(orders).place(order)
    expect(asked).toEqual([orderId])
  })

  test('it may fail as the contract declares, and publish what the contract publishes', async () => {
    const shelf = standIn(stock, {
      reserve: (_input, { fail }) => {
        throw fail.outOfStock({ left: 0 })
      },
    })
    const shopFront = standIn(orders, {
      place({ sku, quantity }, { emit, newId }) {
        const orderId = newId()
        emit.placed({ orderId, sku, quantity })
        return { orderId }
      },
    })
    await using t = await openShop({ replace: [shelf, shopFront] })
    await expect(t.call(stock).reserve({ ...order, orderId: crypto.randomUUID() })).rejects.toMatchObject({
      code: 'stock.outOfStock',
    })
    const { orderId } = await t.call(orders).place(order)
    await t.settled()
    expect(await t.call(mail).sent()).toEqual([{ order_id: orderId, kind: 'placed' }])
  })

  test('calling what it has no handler for is an error that names it, through every caller', async () => {
    await using t = await openShop({ replace: [standIn(stock, {})] })
    const expected = { code: 'no-stand-in', message: 'The stand-in for stock has no handler for stock.reserve' }
    await expect(t.call(stock).reserve({ ...order, orderId: crypto.randomUUID() })).rejects.toMatchObject(expected)
    await expect(t.call(orders).place(order)).rejects.toMatchObject(expected)
  })

  test('a handler that the contract does not have is refused by the compiler and when it is made', () => {
    // @ts-expect-error misspelt
    expect(() => standIn(stock, { resrve: () => ({ left: 0 }) })).toThrow(/resrve/)
    // @ts-expect-error the answer is not what the contract says
    const wrong = standIn(stock, { level: () => 'many' })
    expect(wrong.name).toBe('stock')
    expect(defineModule).toBeTypeOf('function')
  })
})
