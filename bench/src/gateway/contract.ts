import { contract } from '@banyan/contract'
import { defineModule } from '@banyan/module'
import { orderInput, orderOutput, price } from '../support/order.js'

export const path = '/orders'

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: { place: { input: orderInput, output: orderOutput, http: 'POST /orders', access: 'public' } },
})

/** Keeps nothing, so that what is measured is the way through HTTP. */
export const ordersModule = defineModule(orders, {
  limits: { concurrency: 256 },
  commands: { place: price },
})
