import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import { Pool } from 'undici'
import type { z } from 'zod'
import { jsonSchemaOf } from '../support/json-schema.js'
import { checkOut, type RecordWait, type ShopCalls } from './checkout.js'
import { type Asked, checkoutPath, type ServiceName, schemas } from './contracts.js'
import { openTables, type Work, workInMemory } from './plain-work.js'
import type { DatabaseAddress } from './process.js'

const host = '127.0.0.1'

export interface PlainOptions {
  readonly service: ServiceName
  /** Where the others are, by service; the one that is asked from outside needs them. */
  readonly urls: Partial<{ readonly [Name in ServiceName]: string }>
  readonly database: DatabaseAddress | undefined
  readonly record: RecordWait
  /** Whether a command that comes again under its id takes effect once. */
  readonly keepsIds: boolean
}

/** One service as a good Fastify author writes it: schemas in and out, keep-alive to the others, a pool of its own. */
export async function startPlain({ service, urls, database, record, keepsIds }: PlainOptions): Promise<string> {
  const work = database ? openTables(service, database, keepsIds) : workInMemory
  const app = fastify({ logger: false })
  addRoutes[service](app, work, urls, record)
  await app.listen({ host, port: 0 })
  return `http://${host}:${(app.server.address() as AddressInfo).port}`
}

type AddRoutes = (app: FastifyInstance, work: Work, urls: PlainOptions['urls'], record: RecordWait) => void

const addRoutes: { readonly [Name in ServiceName]: AddRoutes } = {
  catalog(app, work) {
    const schema = { params: jsonSchemaOf(schemas.product.input), response: answers(schemas.product.output) }
    app.get<{ Params: Asked<'product'> }>('/products/:sku', { schema }, (request) => work.product(request.params))
  },
  inventory(app, work) {
    const schema = { body: jsonSchemaOf(schemas.reserve.input), response: answers(schemas.reserve.output) }
    app.post<{ Body: Asked<'reserve'> }>('/reservations', { schema }, (request) =>
      work.reserve(request.body, idOf(request)),
    )
  },
  payments(app, work) {
    const schema = { body: jsonSchemaOf(schemas.authorize.input), response: answers(schemas.authorize.output) }
    app.post<{ Body: Asked<'authorize'> }>('/authorizations', { schema }, (request) =>
      work.authorize(request.body, idOf(request)),
    )
  },
  orders(app, work, urls, record) {
    const calls = callsTo(urls)
    const schema = { body: jsonSchemaOf(schemas.checkout.input), response: answers(schemas.checkout.output) }
    app.post<{ Body: Asked<'checkout'> }>(checkoutPath, { schema }, async ({ body }) => {
      const { answer, prices } = await checkOut(body, randomUUID(), calls, record)
      await work.keepOrder(body, answer, prices)
      return answer
    })
  },
}

const idOf = ({ headers }: FastifyRequest): string => headers['idempotency-key'] as string

const answers = (output: z.ZodType): object => ({ 200: jsonSchemaOf(output) })

const headers = (): Record<string, string> => ({
  'content-type': 'application/json',
  'idempotency-key': randomUUID(),
})

/** The other services over HTTP/1.1 with keep-alive, as many connections as there are requests. */
function callsTo(urls: PlainOptions['urls']): ShopCalls {
  const timeouts = { headersTimeout: 5_000, bodyTimeout: 5_000 }
  const pools = {
    catalog: new Pool(urls.catalog as string, timeouts),
    inventory: new Pool(urls.inventory as string, timeouts),
    payments: new Pool(urls.payments as string, timeouts),
  }
  const post = <Answer>(pool: Pool, path: string, input: object): Promise<Answer> =>
    answerOf(pool.request({ method: 'POST', path, headers: headers(), body: JSON.stringify(input) }))
  return {
    catalog: {
      product: ({ sku }) =>
        answerOf(pools.catalog.request({ method: 'GET', path: `/products/${encodeURIComponent(sku)}` })),
    },
    inventory: { reserve: (input) => post(pools.inventory, '/reservations', input) },
    payments: { authorize: (input) => post(pools.payments, '/authorizations', input) },
  }
}

async function answerOf<Answer>(request: ReturnType<Pool['request']>): Promise<Answer> {
  const { statusCode, body } = await request
  const answer = await body.json()
  if (statusCode !== 200) throw new Error(`A service answered ${statusCode}: ${JSON.stringify(answer)}`)
  return answer as Answer
}
