import moleculer from 'moleculer'
import { type Order, type Priced, price } from '../support/order.js'
import { type CallSystem, callEach } from './types.js'

type Context = moleculer.Context<Order>
type CountContext = moleculer.Context<{ count: number }>

/** The rules of `orderInput` in the language of its validator. */
const params = {
  orderId: 'uuid',
  customerId: 'string|min:1',
  lines: {
    type: 'array',
    min: 1,
    max: 100,
    items: {
      type: 'object',
      props: { sku: 'string|min:1', quantity: 'number|integer|positive', priceMinor: 'number|integer|min:0' },
    },
  },
}

/** Two services in one broker without transporter: local calls, with its validator. */
export async function openMoleculer(samples: readonly Order[]): Promise<CallSystem> {
  const broker = new moleculer.ServiceBroker({ logger: false, metrics: false, tracing: false, validator: true })
  const handler = (context: Context): Priced => price(context.params)
  const each = (action: string) => (context: CountContext) =>
    callEach(samples, context.params.count, (order) => context.call<Priced, Order>(action, order))
  broker.createService({
    name: 'orders',
    actions: { quote: { params, handler }, place: { params, handler } },
  })
  broker.createService({
    name: 'shop',
    actions: { quoteAll: each('orders.quote'), placeAll: each('orders.place') },
  })
  await broker.start()
  return {
    queries: (count) => broker.call('shop.quoteAll', { count }),
    commands: (count) => broker.call('shop.placeAll', { count }),
    stop: () => broker.stop(),
  }
}
