import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { Pool } from 'undici'
import { jsonSchemaOf } from '../support/json-schema.js'
import { type Order, orderInput } from '../support/order.js'
import { type Quote, quote, quoteOutput } from './quote.js'
import type { WireSystem } from './types.js'

const headers = { 'content-type': 'application/json' }

/** HTTP/1.1 with keep-alive, as many connections as calls in flight; Fastify validates by ajv and writes by its schema. */
export const undiciToFastify: WireSystem = {
  async answer() {
    const app = fastify({ logger: false })
    const schema = { body: jsonSchemaOf(orderInput), response: { 200: jsonSchemaOf(quoteOutput) } }
    app.post<{ Body: Order }>('/quotes', { schema }, async (request) => quote(request.body))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  },
  async connect(url) {
    const pool = new Pool(url)
    return (work) =>
      work(async (order) => {
        const { statusCode, body } = await pool.request({
          method: 'POST',
          path: '/quotes',
          headers,
          body: JSON.stringify(order),
        })
        const answer = await body.json()
        if (statusCode !== 200) throw new Error(`The callee answered ${statusCode}`)
        return answer as Quote
      })
  },
}
