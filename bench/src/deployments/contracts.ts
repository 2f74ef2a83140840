import { contract } from '@banyan/contract'
import { z } from 'zod'

const sku = z.string().min(1).max(40)
const line = z.object({ sku, quantity: z.number().int().min(1).max(1_000) })
const lines = z.array(line).min(1).max(100)
const amountMinor = z.number().int().min(0)

/** The schemas of all calls of the shop; the contracts and the plain services are both made of them. */
export const schemas = {
  product: {
    input: z.object({ sku }),
    output: z.object({ sku, name: z.string(), priceMinor: amountMinor, taxPercent: z.number().int() }),
  },
  reserve: {
    input: z.object({ orderId: z.uuid(), lines }),
    output: z.object({ reservationId: z.uuid(), units: z.number().int() }),
  },
  authorize: {
    input: z.object({ orderId: z.uuid(), customerId: z.string().min(1), amountMinor }),
    output: z.object({ paymentId: z.uuid(), approved: z.boolean() }),
  },
  checkout: {
    input: z.object({ customerId: z.string().min(1).max(40), lines }),
    output: z.object({ orderId: z.uuid(), totalMinor: amountMinor, reservationId: z.uuid(), paymentId: z.uuid() }),
  },
} as const

type Schemas = typeof schemas
export type Asked<Name extends keyof Schemas> = z.output<Schemas[Name]['input']>
export type Answered<Name extends keyof Schemas> = z.output<Schemas[Name]['output']>

export const checkoutPath = '/checkouts'

export const catalog = contract({ name: 'catalog', version: '1.0.0', queries: { product: schemas.product } })
export const inventory = contract({ name: 'inventory', version: '1.0.0', commands: { reserve: schemas.reserve } })
export const payments = contract({ name: 'payments', version: '1.0.0', commands: { authorize: schemas.authorize } })

/** In the mix without SQL they change nothing; as commands between processes they would be recorded, which needs SQL. */
export const reservations = contract({ name: 'inventory', version: '1.0.0', queries: { reserve: schemas.reserve } })
export const authorizations = contract({
  name: 'payments',
  version: '1.0.0',
  queries: { authorize: schemas.authorize },
})

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  commands: { checkout: { ...schemas.checkout, http: `POST ${checkoutPath}`, access: 'public' } },
})

/** The services of the shop where each has a process of its own; the first is the one that is asked from outside. */
export const serviceNames = ['orders', 'catalog', 'inventory', 'payments'] as const
export type ServiceName = (typeof serviceNames)[number]
