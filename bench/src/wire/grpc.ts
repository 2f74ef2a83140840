import { join } from 'node:path'
import { type Client, credentials, loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { benchFolder } from '../support/database.js'
import type { Order } from '../support/order.js'
import { checkedQuote, type Quote } from './quote.js'
import type { WireSystem } from './types.js'

type Answer = (error: Error | null, quote?: Quote) => void

interface QuotesClient extends Client {
  Quote(order: Order, answer: Answer): void
}

function loadQuotes() {
  const definition = loadSync(join(benchFolder, 'proto/quotes.proto'), { keepCase: true, longs: Number })
  const { bench } = loadPackageDefinition(definition) as unknown as {
    bench: { Quotes: (new (address: string, secret: unknown) => QuotesClient) & typeof Client & { service: never } }
  }
  return bench.Quotes
}

/** One channel, as its guide says; the types of its contract hold no rules, so ajv checks the order. */
export const grpc: WireSystem = {
  async answer() {
    const server = new Server()
    server.addService(loadQuotes().service, {
      Quote(call: { request: Order }, answer: Answer) {
        try {
          answer(null, checkedQuote(call.request))
        } catch (error) {
          answer(Object.assign(error as Error, { code: status.INVALID_ARGUMENT }))
        }
      },
    })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      )
    })
    return `127.0.0.1:${port}`
  },
  async connect(address) {
    const Quotes = loadQuotes()
    const client = new Quotes(address, credentials.createInsecure())
    return (work) =>
      work(
        (order) =>
          new Promise((resolve, reject) => {
            client.Quote(order, (error, quote) => (error ? reject(error) : resolve(quote as Quote)))
          }),
      )
  },
}
