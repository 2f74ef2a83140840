import { contract, defineApp, defineModule } from 'banyan'
import { z } from 'zod'
import { stock } from '../shop.js'

const booking = contract({
  name: 'booking',
  version: '1.0.0',
  commands: { book: { input: z.object({ room: z.string() }), http: 'POST /reservations', access: 'public' } },
})

export const shop = defineApp({
  name: 'shop',
  modules: [
    defineModule(stock, { commands: { reserve: () => undefined }, queries: { level: () => 0 } }),
    defineModule(booking, { commands: { book: () => undefined } }),
  ],
})
