import { contract } from 'banyan'
import { z } from 'zod'

const parcel = { orderId: z.string(), trackingNumber: z.string(), country: z.string() }

export const shipping = contract({
  name: 'shipping',
  version: '1.0.0',
  owner: 'fulfilment',
  summary: 'Parcels on their way',
  queries: {
    track: {
      input: z.object({ orderId: z.string() }),
      output: z.object({ ...parcel, status: z.enum(['packed', 'dispatched', 'unpacked']) }).nullable(),
      http: 'GET /shipments/{orderId}',
      access: 'public',
    },
  },
  events: { packed: { data: z.object(parcel), key: 'orderId' } },
})
