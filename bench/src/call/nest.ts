import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { CommandBus, CommandHandler, CqrsModule, QueryBus, QueryHandler } from '@nestjs/cqrs'
import { type Order, orderInput, type Priced, price } from '../support/order.js'
import { type CallSystem, callEach } from './types.js'

class Quote {
  readonly order: Order
  constructor(order: Order) {
    this.order = order
  }
}

class Place {
  readonly order: Order
  constructor(order: Order) {
    this.order = order
  }
}

// Its buses validate nothing; this handler does it by the schema that the others have.
class ValidatingHandler {
  async execute({ order }: { order: Order }): Promise<Priced> {
    return price(orderInput.parse(order))
  }
}

class TrustingHandler {
  async execute({ order }: { order: Order }): Promise<Priced> {
    return price(order)
  }
}

/** NestJS with its CQRS module, by the buses that its container made. */
async function open(samples: readonly Order[], Base: typeof ValidatingHandler): Promise<CallSystem> {
  class QuoteHandler extends Base {}
  class PlaceHandler extends Base {}
  class App {}
  QueryHandler(Quote)(QuoteHandler)
  CommandHandler(Place)(PlaceHandler)
  Module({ imports: [CqrsModule.forRoot()], providers: [QuoteHandler, PlaceHandler] })(App)
  const app = await NestFactory.createApplicationContext(App, { logger: false })
  await app.init()
  const queries = app.get(QueryBus)
  const commands = app.get(CommandBus)
  return {
    queries: (count) => callEach(samples, count, (order) => queries.execute<Quote, Priced>(new Quote(order))),
    commands: (count) => callEach(samples, count, (order) => commands.execute<Place, Priced>(new Place(order))),
    stop: () => app.close(),
  }
}

export const openNest = (samples: readonly Order[]): Promise<CallSystem> => open(samples, ValidatingHandler)
export const openTrustingNest = (samples: readonly Order[]): Promise<CallSystem> => open(samples, TrustingHandler)
