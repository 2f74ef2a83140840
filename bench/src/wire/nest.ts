import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  type ClientOptions,
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from '@nestjs/microservices'
import { firstValueFrom } from 'rxjs'
import type { Order } from '../support/order.js'
import { freePort } from './free-port.js'
import { checkedQuote, type Quote } from './quote.js'
import type { WireSystem } from './types.js'

const pattern = 'quote'

class Orders {
  quote(order: Order): Quote {
    return checkedQuote(order)
  }
}

class App {}

/** Decorated by hand, since this package compiles without decorators. */
async function answerOver(options: MicroserviceOptions): Promise<void> {
  const method = Object.getOwnPropertyDescriptor(Orders.prototype, 'quote') as PropertyDescriptor
  MessagePattern(pattern)(Orders.prototype, 'quote', method)
  Controller()(Orders)
  Module({ controllers: [Orders] })(App)
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(App, { ...options, logger: false })
  await app.listen()
}

async function connectOver(options: ClientOptions): ReturnType<WireSystem['connect']> {
  const client = ClientProxyFactory.create(options)
  await client.connect()
  return (work) => work((order) => firstValueFrom(client.send<Quote, Order>(pattern, order)))
}

const tcp = (port: number) => ({ transport: Transport.TCP as const, options: { host: '127.0.0.1', port } })
const nats = (url: string) => ({ transport: Transport.NATS as const, options: { servers: [url] } })

export const nestTcp: WireSystem = {
  async answer() {
    const port = await freePort()
    await answerOver(tcp(port))
    return String(port)
  },
  connect: (address) => connectOver(tcp(Number(address))),
}

export const nestNats: WireSystem = {
  async answer(natsUrl) {
    await answerOver(nats(natsUrl))
    return natsUrl
  },
  connect: (_, natsUrl) => connectOver(nats(natsUrl)),
}
