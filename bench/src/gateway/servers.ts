import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAmbient } from '@banyan/ambient'
import { createGateway } from '@banyan/gateway'
import { defineApp } from '@banyan/module'
import { createLogger, createRuntime } from '@banyan/runtime'
import { fastify } from 'fastify'
import { jsonSchemaOf } from '../support/json-schema.js'
import { noStore } from '../support/no-store.js'
import { type Order, orderInput, orderOutput, price } from '../support/order.js'
import { ordersModule, path } from './contract.js'

const host = '127.0.0.1'

/** Starts one kind of server on a free port and returns it. */
export type StartServer = () => Promise<number>

const jsonType = 'application/json; charset=utf-8'

/** The least that answers: the body is parsed and believed. */
async function startRaw(): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const order = JSON.parse(Buffer.concat(chunks).toString()) as Order
      const body = JSON.stringify(price(order))
      response.writeHead(200, { 'content-type': jsonType, 'content-length': Buffer.byteLength(body) }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

/** Validates the body by the JSON Schema of the contract, answers by its response schema: as its guide says. */
async function startFastify(): Promise<number> {
  const app = fastify({ logger: false })
  const schema = { body: jsonSchemaOf(orderInput), response: { 200: jsonSchemaOf(orderOutput) } }
  app.post<{ Body: Order }>(path, { schema }, async (request) => price(request.body))
  await app.listen({ host, port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** A module behind the gateway, as `banyan start` composes it. */
async function startBanyan(): Promise<number> {
  const ambient = createAmbient()
  const log = createLogger({ level: 'warn' })
  const runtime = createRuntime({
    app: defineApp({ name: 'bench', modules: [ordersModule] }),
    store: noStore,
    ambient,
    logger: log,
    environment: {},
    baseFolder: '.',
    strict: false,
    work: 'calls',
  })
  await runtime.start()
  const gateway = createGateway({ runtime, ambient, log, host, port: 0 })
  return Number(new URL((await gateway.listen()).url).port)
}

export const servers: Readonly<Record<string, StartServer>> = {
  raw: startRaw,
  fastify: startFastify,
  banyan: startBanyan,
}
