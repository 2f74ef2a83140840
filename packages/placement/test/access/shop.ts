import { contract } from '@banyan/contract'
import { defineApp, defineModule } from '@banyan/module'
import type { Topology } from '@banyan/placement'
import { z } from 'zod'

const event = { data: z.object({ id: z.string() }), key: 'id' } as const

const inventory = contract({
  name: 'inventory',
  version: '1.2.0',
  commands: { reserve: {} },
  queries: { level: { http: 'GET /stock' } },
  events: { reserved: event },
})
const payments = contract({
  name: 'payments',
  version: '0.4.3',
  commands: { authorize: {}, refund: { http: 'POST /refunds' } },
  events: { captured: event },
})
const orders = contract({
  name: 'orders',
  version: '2.0.0',
  commands: { place: { http: 'POST /orders' } },
  events: { placed: event },
})
const mail = contract({ name: 'mail', version: '1.0.0', commands: { send: {} }, events: { sent: event } })
const nothing = (): void => undefined

/**
 * orders calls inventory, and hears of it and of payments; payments hears of orders; mail hears of orders, and nobody may
 * call it or hears of it; inventory calls and hears nobody.
 */
export const shop = defineApp({
  name: 'shop',
  modules: [
    defineModule(inventory, { commands: { reserve: nothing }, queries: { level: nothing } }),
    defineModule(payments, {
      listens: { orders },
      commands: { authorize: nothing, refund: nothing },
      on: { orders: { placed: nothing } },
      routes: { 'POST /webhooks/bank': () => new Response() },
    }),
    defineModule(orders, {
      uses: { inventory },
      listens: { payments, mail },
      commands: { place: nothing },
      on: { payments: { captured: nothing }, inventory: { reserved: nothing } },
    }),
    defineModule(mail, { listens: { orders }, commands: { send: nothing }, on: { orders: { placed: nothing } } }),
  ],
})

export const shopTopology: Topology = {
  app: 'shop',
  services: [
    { name: 'checkout', modules: ['orders', 'mail'], replicas: 2, gateway: false },
    { name: 'stock', modules: ['inventory'], replicas: 1, gateway: false },
    { name: 'money', modules: ['payments'], replicas: 1, gateway: false },
    { name: 'gateway', modules: [], replicas: 1, gateway: true },
  ],
}
