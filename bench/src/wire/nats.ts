import { connect, JSONCodec } from 'nats'
import type { Order } from '../support/order.js'
import { checkedQuote, type Quote } from './quote.js'
import type { WireSystem } from './types.js'

const subject = 'bench.plain.quote'
const orders = JSONCodec<Order>()
const quotes = JSONCodec<Quote>()

/** The client's own request and reply, as its guide says, with callbacks and without traces of each request. */
export const plainNats: WireSystem = {
  async answer(natsUrl) {
    const connection = await connect({ servers: natsUrl, noAsyncTraces: true })
    connection.subscribe(subject, {
      queue: 'quotes',
      callback(error, message) {
        if (error) throw error
        message.respond(quotes.encode(checkedQuote(orders.decode(message.data))))
      },
    })
    await connection.flush()
    return natsUrl
  },
  async connect(_, natsUrl) {
    const connection = await connect({ servers: natsUrl, noAsyncTraces: true })
    return (work) =>
      work(async (order) =>
        quotes.decode((await connection.request(subject, orders.encode(order), { timeout: 10_000 })).data),
      )
  },
}
