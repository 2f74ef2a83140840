import { defineModule } from 'banyan'
import { catalog } from '../catalog/contract.js'
import { orders } from '../orders/contract.js'
import { type OrderLine, totalOf } from '../values.js'
import { cart } from './contract.js'

interface CartLine {
  sku: string
  quantity: number
}

export default defineModule(cart, {
  uses: { catalog, orders },
  migrations: 'src/cart/migrations',
  commands: {
    async put({ cartId, sku, quantity }, { call, sql, fail }) {
      // Asked before the first statement: no transaction waits for another module.
      if (quantity > 0 && (await call.catalog.prices({ skus: [sku] })).length === 0) throw fail.unknownProduct({ sku })
      await sql`insert into carts (cart_id) values (${cartId}) on conflict do nothing`
      const held = await sql<{ orderId: string | null }>`
        select order_id as "orderId" from carts where cart_id = ${cartId} for update`.one()
      if (held.orderId !== null) throw fail.closed()
      if (quantity === 0) await sql`delete from lines where cart_id = ${cartId} and sku = ${sku}`
      else
        await sql`
          insert into lines values (${cartId}, ${sku}, ${quantity})
          on conflict (cart_id, sku) do update set quantity = excluded.quantity`
    },
    async checkout({ cartId, customerId, country, paymentMethod }, { call, sql, fail }) {
      const { lines, orderId } = await call.cart.show({ cartId })
      if (orderId !== null) return { orderId, totalMinor: totalOf(lines) }
      if (lines.length === 0) throw fail.empty()
      const placed = await call.orders.place({ customerId, country, paymentMethod, lines })
      await sql`update carts set order_id = ${placed.orderId} where cart_id = ${cartId}`
      return placed
    },
  },
  queries: {
    async show({ cartId }, { call, sql }) {
      const held = await sql<{
        orderId: string | null
      }>`select order_id as "orderId" from carts where cart_id = ${cartId}`.first()
      const chosen = await sql<CartLine>`select sku, quantity from lines where cart_id = ${cartId} order by sku`
      const prices = new Map<string, number>()
      if (chosen.length > 0)
        for (const { sku, priceMinor } of await call.catalog.prices({ skus: chosen.map(({ sku }) => sku) }))
          prices.set(sku, priceMinor)
      const lines: OrderLine[] = chosen.map((line) => ({ ...line, unitPriceMinor: prices.get(line.sku) ?? 0 }))
      return { cartId, orderId: held?.orderId ?? null, totalMinor: totalOf(lines), lines }
    },
  },
})
