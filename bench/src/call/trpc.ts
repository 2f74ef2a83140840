import { initTRPC } from '@trpc/server'
import { type Order, orderInput, price } from '../support/order.js'
import { type CallSystem, callEach } from './types.js'

/** A server-side caller of a router, with the same schema. */
export async function openTrpc(samples: readonly Order[]): Promise<CallSystem> {
  const { router, procedure, createCallerFactory } = initTRPC.create()
  const caller = createCallerFactory(
    router({
      quote: procedure.input(orderInput).query(({ input }) => price(input)),
      place: procedure.input(orderInput).mutation(({ input }) => price(input)),
    }),
  )({})
  return {
    queries: (count) => callEach(samples, count, (order) => caller.quote(order)),
    commands: (count) => callEach(samples, count, (order) => caller.place(order)),
    stop: async () => undefined,
  }
}
