import { defineApp } from 'banyan'
import analytics from './analytics/module.js'
import cart from './cart/module.js'
import catalog from './catalog/module.js'
import inventory from './inventory/module.js'
import notifications from './notifications/module.js'
import orders from './orders/module.js'
import payments from './payments/module.js'
import provider from './provider/module.js'
import shipping from './shipping/module.js'

export const market = defineApp({
  name: 'market',
  modules: [catalog, cart, inventory, orders, payments, provider, shipping, notifications, analytics],
})
