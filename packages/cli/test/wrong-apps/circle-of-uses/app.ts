import { contract, defineApp, defineModule } from 'banyan'

const billing = contract({ name: 'billing', version: '1.0.0' })
const orders = contract({ name: 'orders', version: '1.0.0' })
const stock = contract({ name: 'stock', version: '1.0.0' })

export const shop = defineApp({
  name: 'shop',
  modules: [
    defineModule(orders, { uses: { stock } }),
    defineModule(stock, { uses: { billing } }),
    defineModule(billing, { uses: { orders } }),
  ],
})
