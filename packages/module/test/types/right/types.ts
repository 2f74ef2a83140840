import type { ErrorDetails, EventData, Input, Output } from '@banyan/contract'
import type { App, CallResult, Module } from '@banyan/module'
import { defineModule } from '@banyan/module'
import { expectTypeOf } from 'expect-type'
import { calendar, inventory, orders } from './contracts.js'
import ordersModule, { market } from './orders-module.js'

interface Line {
  sku: string
  quantity: number
}

expectTypeOf<Input<typeof orders, 'place'>>().toEqualTypeOf<{ customerId: string; lines: Line[] }>()
expectTypeOf<Output<typeof orders, 'place'>>().toEqualTypeOf<{ orderId: string }>()
expectTypeOf<Input<typeof orders, 'expire'>>().toEqualTypeOf<undefined>()
expectTypeOf<Output<typeof orders, 'expire'>>().toEqualTypeOf<void>()
expectTypeOf<EventData<typeof orders, 'placed'>>().toEqualTypeOf<{ orderId: string; lines: Line[] }>()
expectTypeOf<ErrorDetails<typeof inventory, 'outOfStock'>>().toEqualTypeOf<{ sku: string; available: number }>()
expectTypeOf<ErrorDetails<typeof inventory, 'closed'>>().toEqualTypeOf<undefined>()

// Both sides of a schema that decodes.
expectTypeOf<Input<typeof calendar, 'book'>>().toEqualTypeOf<{ room?: string | undefined; count: string }>()
expectTypeOf<Output<typeof calendar, 'book'>>().toEqualTypeOf<{ price: number }>()
expectTypeOf<EventData<typeof calendar, 'booked'>>().toEqualTypeOf<{ room: string; at: Date }>()

expectTypeOf(inventory.name).toEqualTypeOf<'inventory'>()
expectTypeOf(ordersModule).toEqualTypeOf<Module<'orders'>>()
expectTypeOf(market).toEqualTypeOf<App<'orders'>>()

defineModule(calendar, {
  uses: { inventory },
  commands: {
    async book(input, { call, emit, fail, later, caller, identity, remainingMs }) {
      expectTypeOf(input).toEqualTypeOf<{ room: string; count: number }>()
      expectTypeOf<keyof typeof fail>().toEqualTypeOf<never>()
      expectTypeOf(caller).toEqualTypeOf<string | undefined>()
      expectTypeOf(identity?.subject).toEqualTypeOf<string | undefined>()
      expectTypeOf(remainingMs()).toEqualTypeOf<number>()
      expectTypeOf(emit.booked).toEqualTypeOf<(data: { room: string; at: string }) => void>()

      const reserving = call.inventory.reserve({ orderId: '1', lines: [] })
      expectTypeOf(await reserving).toEqualTypeOf<{ reservationId: string }>()
      const result = await reserving.result()
      expectTypeOf(result).toExtend<CallResult<{ reservationId: string }, Error>>()
      if (result.ok) expectTypeOf(result.value).toEqualTypeOf<{ reservationId: string }>()
      else if (result.error.code === 'inventory.outOfStock') {
        expectTypeOf(result.error.details).toEqualTypeOf<{ sku: string; available: number }>()
      } else {
        expectTypeOf(result.error.code).toEqualTypeOf<'inventory.closed'>()
        expectTypeOf(result.error.details).toEqualTypeOf<undefined>()
      }

      const booked = await call.calendar.book({ count: '1' })
      expectTypeOf(booked).toEqualTypeOf<{ price: number }>()
      await call.calendar.note()
      await call.calendar.note('text')
      expectTypeOf(later.calendar.book({ count: '1' }, { at: new Date(0) })).toEqualTypeOf<string>()
      return { price: '1' }
    },
    note(input) {
      expectTypeOf(input).toEqualTypeOf<string | undefined>()
    },
  },
  on: {
    calendar: {
      booked(data, { event }) {
        expectTypeOf(data).toEqualTypeOf<{ room: string; at: Date }>()
        expectTypeOf(event.type).toEqualTypeOf<'booked'>()
        expectTypeOf(event.source).toEqualTypeOf<'calendar'>()
      },
    },
  },
})

// A contract without commands needs none, and helpers reach queries, events and routes too.
defineModule(orders, {
  context: ({ sql }) => ({ count: () => sql<{ count: number }>`select count(*)::int as count`.one() }),
  commands: { place: async (_, { count }) => ({ orderId: String((await count()).count) }), expire() {} },
  queries: { byId: () => null, all: async (_, { count }) => ((await count()).count === 0 ? [] : []) },
  on: {
    orders: {
      async placed(_, { count }) {
        expectTypeOf(await count()).toEqualTypeOf<{ count: number }>()
      },
    },
  },
  routes: { 'GET /count/{of}': async (_, { count, params }) => Response.json({ ...(await count()), of: params.of }) },
})
