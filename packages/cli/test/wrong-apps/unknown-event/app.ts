import { contract, defineApp, defineModule } from 'banyan'
import { orders } from '../shop.js'

const mail = defineModule(contract({ name: 'mail', version: '1.0.0' }), {
  listens: { orders },
  on: {
    orders: {
      // @ts-expect-error the event is called placed
      plced: () => undefined,
    },
  },
})

export const shop = defineApp({ name: 'shop', modules: [mail] })
