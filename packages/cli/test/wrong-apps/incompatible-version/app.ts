import { contract, defineApp, defineModule } from 'banyan'
import { z } from 'zod'
import { orders, stock } from '../shop.js'

const laterStock = contract({
  name: 'stock',
  version: '2.0.0',
  commands: { hold: { input: z.object({ sku: z.string() }) } },
})

export const shop = defineApp({
  name: 'shop',
  modules: [
    defineModule(stock, { commands: { reserve: () => undefined }, queries: { level: () => 0 } }),
    defineModule(orders, {
      uses: { stock: laterStock },
      commands: {
        async place({ sku }, { call }) {
          await call.stock.hold({ sku })
        },
        cancel: () => undefined,
      },
    }),
  ],
})
