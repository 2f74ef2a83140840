import { defineModule, type Sql } from 'banyan'
import { catalog } from '../catalog/contract.js'
import { orders } from '../orders/contract.js'
import { totalOf } from '../values.js'
import { cart } from './contract.js'

interface CartLine {
  sku: string
  quantity: number
}

interface CartRow {
  orderId: string
  status: 'open' | 'closed' | 'ordered'
}

const linesAtMost = 100

const chosenIn = (sql: Sql, cartId: string) =>
  sql<CartLine>`select sku, quantity from lines where cart_id = ${cartId} order by sku`.all()

export default defineModule(cart, {
  uses: { catalog, orders },
  migrations: 'src/cart/migrations',
  commands: {
    async put({ cartId, sku, quantity }, { call, sql, fail, newId }) {
      // Asked before the first statement: no transaction waits for another module.
      if (quantity > 0 && (await call.catalog.prices({ skus: [sku] })).length === 0) throw fail.unknownProduct({ sku })
      await sql`insert into carts (cart_id, order_id) values (${cartId}, ${newId()}) on conflict do nothing`
      const { status } = await sql<CartRow>`select status from carts where cart_id = ${cartId} for update`.one()
      if (status !== 'open') throw fail.closed()
      if (quantity === 0) await sql`delete from lines where cart_id = ${cartId} and sku = ${sku}`
      else
        await sql`
          insert into lines values (${cartId}, ${sku}, ${quantity})
          on conflict (cart_id, sku) do update set quantity = excluded.quantity`
      const { count } = await sql<{ count: number }>`select count(*) from lines where cart_id = ${cartId}`.one()
      if (count > linesAtMost) throw fail.full({ linesAtMost })
    },
    // In a transaction of its own, so that nothing is put in between the reading of a cart and its order.
    async close({ cartId }, { sql, fail }) {
      const closed = await sql<CartRow>`
        update carts set status = case status when 'open' then 'closed' else status end
        where cart_id = ${cartId} returning order_id as "orderId", status`.first()
      const lines = await chosenIn(sql, cartId)
      if (!closed || lines.length === 0) throw fail.empty()
      return { orderId: closed.orderId, lines }
    },
    async checkout({ cartId, customerId, country, paymentMethod }, { call, sql, fail }) {
      const closed = await call.cart.close({ cartId }).result()
      if (!closed.ok) throw fail.empty()
      const { orderId, lines } = closed.value
      const prices = await call.catalog.prices({ skus: lines.map(({ sku }) => sku) })
      const priced = lines.map((line) => {
        const unitPriceMinor = prices.find(({ sku }) => sku === line.sku)?.priceMinor
        if (unitPriceMinor === undefined) throw new Error(`The catalogue has no price for ${line.sku}`)
        return { ...line, unitPriceMinor }
      })
      const placed = await call.orders.place({ orderId, customerId, country, paymentMethod, lines: priced }).result()
      if (!placed.ok && !orders.errors.exists.is(placed.error)) throw placed.error
      // It exists when somebody checked out twice, or a checkout did not get as far as this: at the prices of then.
      const order = placed.ok ? placed.value : await call.orders.byId({ orderId })
      if (!order) throw new Error(`There is no order ${orderId}, and its number is taken`)
      await sql`update carts set status = 'ordered' where cart_id = ${cartId}`
      return { orderId, totalMinor: order.totalMinor }
    },
  },
  queries: {
    async show({ cartId }, { call, sql }) {
      const held = await sql<CartRow>`
        select order_id as "orderId", status from carts where cart_id = ${cartId}`.first()
      const chosen = await chosenIn(sql, cartId)
      const prices = new Map<string, number>()
      if (chosen.length > 0)
        for (const { sku, priceMinor } of await call.catalog.prices({ skus: chosen.map(({ sku }) => sku) }))
          prices.set(sku, priceMinor)
      const lines = chosen.map((line) => ({ ...line, unitPriceMinor: prices.get(line.sku) ?? 0 }))
      return { cartId, orderId: held?.status === 'ordered' ? held.orderId : null, totalMinor: totalOf(lines), lines }
    },
  },
})
