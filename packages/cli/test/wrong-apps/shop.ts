import { contract } from 'banyan'
import { z } from 'zod'

/** The contracts that the wrong apps are made of; nothing is wrong with these. */
export const stock = contract({
  name: 'stock',
  version: '1.2.0',
  commands: { reserve: { input: z.object({ sku: z.string() }), http: 'POST /reservations', access: 'public' } },
  queries: { level: { input: z.object({ sku: z.string() }), output: z.number() } },
})

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: { place: { input: z.object({ sku: z.string() }) }, cancel: { input: z.object({ id: z.string() }) } },
  events: { placed: { data: z.object({ sku: z.string() }), key: 'sku' } },
})
