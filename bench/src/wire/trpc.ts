import type { AddressInfo } from 'node:net'
import { createTRPCClient, httpLink } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import { createHTTPServer } from '@trpc/server/adapters/standalone'
import { orderInput } from '../support/order.js'
import { quote } from './quote.js'
import type { WireSystem } from './types.js'

const { router, procedure } = initTRPC.create()
const appRouter = router({ quote: procedure.input(orderInput).mutation(({ input }) => quote(input)) })

/** Its own server and client, a request for each call, with the same zod schema as input. */
export const trpc: WireSystem = {
  async answer() {
    const server = createHTTPServer({ router: appRouter })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
  async connect(url) {
    const client = createTRPCClient<typeof appRouter>({ links: [httpLink({ url })] })
    return (work) => work((order) => client.quote.mutate(order))
  },
}
