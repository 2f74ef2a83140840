import { createAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger, createRuntime } from '@banyan/runtime'
import { z } from 'zod'
import { noStore } from '../support/no-store.js'
import { type Order, orderInput, orderOutput, price } from '../support/order.js'
import { type CallSystem, callEach } from './types.js'

export const orders = contract({
  name: 'orders',
  version: '1.0.0',
  queries: { quote: { input: orderInput, output: orderOutput } },
  commands: { place: { input: orderInput, output: orderOutput } },
})

const count = z.object({ count: z.number().int() })

const shop = contract({
  name: 'shop',
  version: '1.0.0',
  commands: { quoteAll: { input: count, output: z.number() }, placeAll: { input: count, output: z.number() } },
})

/** `shop` calls `orders` from its handlers; both run in this process, as any two modules do. */
export async function openBanyan(samples: readonly Order[]): Promise<CallSystem> {
  const app = defineApp({
    name: 'bench',
    modules: [
      defineModule(orders, { queries: { quote: price }, commands: { place: price } }),
      defineModule(shop, {
        uses: { orders },
        limits: { deadline: '10m' },
        commands: {
          quoteAll: (input, { call }) => callEach(samples, input.count, (order) => call.orders.quote(order)),
          placeAll: (input, { call }) => callEach(samples, input.count, (order) => call.orders.place(order)),
        },
      }),
    ],
  })
  const runtime = createRuntime({
    app,
    store: noStore,
    ambient: createAmbient(),
    logger: createLogger({ level: 'warn' }),
    environment: {},
    baseFolder: '.',
    strict: false,
    work: 'calls',
  })
  await runtime.start()
  const run = async (operation: string, calls: number): Promise<unknown> => {
    const outcome = await runtime.execute({ module: 'shop', operation, input: { count: calls }, timeoutMs: 600_000 })
    if (!outcome.ok) throw new Error(outcome.error.message)
    return outcome.value
  }
  return {
    queries: (calls) => run('quoteAll', calls),
    commands: (calls) => run('placeAll', calls),
    stop: () => runtime.stop(),
  }
}
