import { aggregate, decision, defineModule } from '@banyan/module'
import { z } from 'zod'
import { orders } from '../right/contracts.js'

const events = { added: z.object({ sku: z.string() }) }

aggregate({
  name: 'cart',
  initial: { lines: [] as string[] },
  events,
  // error TS2741: Property 'added' is missing in type '{}' but required in type '{ readonly added: (state: { lines: string[]; }, data: { sku: string; }, event: StreamEventInfo) => NoInfer<{ lines: string[]; }>; }'.
  evolve: {},
})

aggregate({
  name: 'cart',
  initial: { lines: [] as string[] },
  events,
  // error TS2561: Object literal may only specify known properties, but 'aded' does not exist in type '{ readonly added: (state: { lines: string[]; }, data: { sku: string; }, event: StreamEventInfo) => NoInfer<{ lines: string[]; }>; }'. Did you mean to write 'added'?
  evolve: { added: (state, { sku }) => ({ lines: [...state.lines, sku] }), aded: (state) => state },
})

aggregate({
  name: 'cart',
  initial: { lines: [] as string[] },
  events,
  // error TS2322: Type 'number' is not assignable to type 'string'.
  evolve: { added: (_, { sku }) => ({ lines: [sku.length] }) },
})

aggregate({
  name: 'cart',
  initial: { lines: [] as string[] },
  events,
  // error TS2339: Property 'skus' does not exist on type '{ sku: string; }'.
  evolve: { added: (state, { skus }) => ({ ...state, skus }) },
})

const cart = aggregate({
  name: 'cart',
  initial: { lines: [] as string[] },
  events,
  evolve: { added: (state, { sku }) => ({ lines: [...state.lines, sku] }) },
  // error TS2561: Object literal may only specify known properties, but 'snapshot' does not exist in type 'AggregateOptions<{ lines: string[]; }, { added: ZodObject<{ sku: ZodString; }, $strip>; }>'. Did you mean to write 'snapshots'?
  snapshot: { every: 3 },
})

decision({
  of: { cart },
  initial: () => 0,
  tags: () => [['all']],
  // error TS2561: Object literal may only specify known properties, but 'aded' does not exist in type '{ readonly added?: (state: number, data: { sku: string; }, event: StreamEventInfo & { readonly id: string; }) => number; }'. Did you mean to write 'added'?
  evolve: { cart: { aded: () => 1 } },
})

defineModule(orders, {
  commands: {
    async place(_, { load }) {
      const c = await load(cart, '1')
      // error TS2551: Property 'aded' does not exist on type '{ readonly added: (data: { sku: string; }) => void; }'. Did you mean 'added'?
      c.append.aded({ sku: '1' })
      // error TS2322: Type 'number' is not assignable to type 'string'.
      c.append.added({ sku: 1 })
      // error TS2769: No overload matches this call. The last overload gave the following error. Argument of type 'number' is not assignable to parameter of type 'string'.
      await load(cart, 1)
      const past = await load(cart, '1', { at: new Date(0) })
      // error TS2339: Property 'append' does not exist on type 'ReadAggregate<{ lines: string[]; }>'.
      past.append.added({ sku: '1' })
      // error TS2769: No overload matches this call. The last overload gave the following error. Object literal may only specify known properties, and 'at' does not exist in type '{ readonly isNew?: boolean; }'.
      await load(cart, '1', { at: new Date(0), version: 1 })
      // error TS2769: No overload matches this call. The last overload gave the following error. Type '{ name: string; }' is missing the following properties from type 'Aggregate<unknown, unknown>': kind, initial, events, evolve
      await load({ name: 'cart' }, '1')
      return { orderId: c.id }
    },
    expire() {},
  },
  queries: {
    async byId(_, { load }) {
      const read = await load(cart, '1')
      // error TS2339: Property 'append' does not exist on type 'ReadAggregate<{ lines: string[]; }>'.
      read.append.added({ sku: '1' })
      return null
    },
    all: () => [],
  },
})
