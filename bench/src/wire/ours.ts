import { contract } from '@banyan/contract'
import { defineModule } from '@banyan/module'
import type { Topology } from '@banyan/placement'
import type { Runtime } from '@banyan/runtime'
import { z } from 'zod'
import { noStore } from '../support/no-store.js'
import { orderInput } from '../support/order.js'
import { startService } from '../support/service.js'
import { quote, quoteOutput } from './quote.js'
import type { AskQuote, Caller, WireSystem } from './types.js'

const orders = contract({
  name: 'orders',
  version: '1.0.0',
  queries: { quote: { input: orderInput, output: quoteOutput } },
})

const shop = contract({ name: 'shop', version: '1.0.0', commands: { work: { input: z.object({}) } } })

type Work = (ask: AskQuote) => Promise<void>

/** Both ways run beside each other at one broker: the app parts them, else each would be a replica of the other. */
const topologyOf = (lane: boolean): Topology => ({
  app: lane ? 'wireByLane' : 'wireOverNats',
  services: ['orders', 'shop'].map((name) => ({ name, modules: [name], replicas: 1, gateway: false })),
})

/** `shop` works on what it is given from inside a handler, as any module that calls another. */
function start(service: string, natsUrl: string, lane: boolean, given: () => Work): Promise<Runtime> {
  const modules = [
    defineModule(orders, { limits: { concurrency: 256 }, queries: { quote } }),
    defineModule(shop, {
      uses: { orders },
      limits: { deadline: '10m' },
      commands: { work: (_, { call }) => given()((order) => call.orders.quote(order)) },
    }),
  ]
  return startService({
    topology: topologyOf(lane),
    service,
    modules,
    natsUrl,
    store: () => noStore,
    work: 'calls',
    lane,
  })
}

const nothing: Work = async () => undefined

/** A query between two services; its contract is checked on the way in and out. */
const query = (lane: boolean): WireSystem => ({
  async answer(natsUrl) {
    await start('orders', natsUrl, lane, () => nothing)
    return natsUrl
  },
  async connect(_, natsUrl): Promise<Caller> {
    let work = nothing
    const runtime = await start('shop', natsUrl, lane, () => work)
    return async (given) => {
      let result: Awaited<ReturnType<typeof given>> | undefined
      work = async (ask) => {
        result = await given(ask)
      }
      const outcome = await runtime.execute({ module: 'shop', operation: 'work', input: {}, timeoutMs: 600_000 })
      if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
      return result as Awaited<ReturnType<typeof given>>
    }
  },
})

export const queryOverNats = query(false)
export const queryByLane = query(true)
