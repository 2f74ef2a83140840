import { defineApp, defineModule } from 'banyan'
import { orders } from '../shop.js'

export const shop = defineApp({
  name: 'shop',
  modules: [
    defineModule(orders, {
      // @ts-expect-error there is no handler for cancel
      commands: { place: () => undefined },
    }),
  ],
})
