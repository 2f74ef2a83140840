import moleculer from 'moleculer'
import type { Order } from '../support/order.js'
import { freePort } from './free-port.js'
import { type Quote, quote } from './quote.js'
import type { WireSystem } from './types.js'

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

type Transporter = moleculer.BrokerOptions['transporter']

const broker = (nodeID: string, transporter: Transporter): moleculer.ServiceBroker =>
  new moleculer.ServiceBroker({
    nodeID,
    transporter: transporter as string,
    logger: false,
    metrics: false,
    tracing: false,
  })

async function answerOver(transporter: Transporter): Promise<void> {
  const callee = broker('callee', transporter)
  const handler = (context: moleculer.Context<Order>): Quote => quote(context.params)
  callee.createService({ name: 'orders', actions: { quote: { params, handler } } })
  await callee.start()
}

async function connectOver(transporter: Transporter): ReturnType<WireSystem['connect']> {
  const caller = broker('caller', transporter)
  await caller.start()
  await caller.waitForServices('orders', 10_000)
  return (work) => work((order) => caller.call<Quote, Order>('orders.quote', order))
}

/** Without its discovery by UDP, which would look for others on the network: the caller is told where the callee is. */
const tcp = (options: object): Transporter =>
  ({ type: 'TCP', options: { udpDiscovery: false, ...options } }) as unknown as Transporter

export const moleculerTcp: WireSystem = {
  async answer() {
    const ports = { callee: await freePort(), caller: await freePort() }
    const urls = Object.entries(ports).map(([node, port]) => `127.0.0.1:${port}/${node}`)
    await answerOver(tcp({ port: ports.callee, urls }))
    return JSON.stringify({ port: ports.caller, urls })
  },
  connect: (address) => connectOver(tcp(JSON.parse(address) as object)),
}

export const moleculerNats: WireSystem = {
  async answer(natsUrl) {
    await answerOver(natsUrl)
    return natsUrl
  },
  connect: (_, natsUrl) => connectOver(natsUrl),
}
