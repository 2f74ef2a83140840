import { contract } from 'banyan'
import { z } from 'zod'

export const letters = contract({
  name: 'letters',
  version: '1.0.0',
  commands: { send: { input: z.object({ bookingId: z.uuid(), attempt: z.int().min(1) }) } },
  queries: { sent: { output: z.array(z.object({ bookingId: z.uuid(), text: z.string() })) } },
})
