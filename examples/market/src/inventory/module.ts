import { defineModule } from 'banyan'
import { orders } from '../orders/contract.js'
import type { OrderLine } from '../values.js'
import { inventory } from './contract.js'
import { addStock, adjustStock, takeStock } from './stock.js'

export default defineModule(inventory, {
  listens: { orders },
  migrations: 'src/inventory/migrations',
  commands: {
    async receive({ lines }, { sql, newId }) {
      await addStock(sql, 'receipt', newId(), lines)
      return { received: lines.length }
    },
    async adjust({ lines, reason }, { sql, emit, newId }) {
      const moves = await adjustStock(sql, newId(), lines)
      for (const { sku, quantity } of moves) emit.adjusted({ sku, quantity, reason })
      return { adjusted: moves.length }
    },
  },
  queries: {
    level: ({ sku }, { sql }) =>
      sql<{ sku: string; onHand: number }>`select sku, on_hand as "onHand" from stock where sku = ${sku}`.first(),
  },
  on: {
    orders: {
      async placed({ orderId, lines }, { sql, emit }) {
        const short = await takeStock(sql, orderId, lines)
        if (short) emit.rejected({ orderId, ...short })
        else emit.reserved({ orderId, units: lines.reduce((sum, { quantity }) => sum + quantity, 0) })
      },
      // `placed` of the same order was handled before: both have its number as key. Without a reservation it was
      // rejected, and there is nothing to release.
      async cancelled({ orderId }, { sql, emit }) {
        const held = await sql<{ lines: OrderLine[] }>`
          update reservations set released = true where order_id = ${orderId} and not released returning lines`.first()
        if (!held) return
        await addStock(sql, 'release', orderId, held.lines)
        emit.restocked({ orderId, lines: held.lines })
      },
      async returned({ orderId, lines }, { sql, emit }) {
        await addStock(sql, 'return', orderId, lines)
        emit.restocked({ orderId, lines })
      },
      async credited({ creditId, lines }, { sql, emit }) {
        await addStock(sql, 'return', creditId, lines)
        emit.restocked({ orderId: creditId, lines })
      },
    },
  },
})
