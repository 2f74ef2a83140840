import { type Aggregate, aggregate, type Decision, decision, defineModule } from '@banyan/module'
import { expectTypeOf } from 'expect-type'
import { z } from 'zod'
import { orders } from './contracts.js'

interface Line {
  sku: string
  quantity: number
}

const line = z.object({ sku: z.string(), quantity: z.coerce.number<string>() })

const cart = aggregate({
  name: 'cart',
  initial: { lines: [] as Line[], open: true },
  events: {
    lineAdded: line,
    checkedOut: z.object({}),
    moved: {
      data: z.object({ to: z.string() }),
      version: 2,
      upcast: { 1: (old: { place: string }) => ({ to: old.place }) },
      tags: (data, id) => {
        expectTypeOf(data).toEqualTypeOf<{ to: string }>()
        return [`place:${data.to}`, id]
      },
    },
  },
  evolve: {
    lineAdded: (state, data, event) => {
      expectTypeOf(state).toEqualTypeOf<{ lines: Line[]; open: boolean }>()
      expectTypeOf(data).toEqualTypeOf<Line>()
      expectTypeOf(event.time).toEqualTypeOf<Date>()
      return { ...state, lines: [...state.lines, data] }
    },
    checkedOut: (state) => ({ ...state, open: false }),
    moved: (state) => state,
  },
})

// What no function of evolve reads is known all the same.
const seen = aggregate({
  name: 'seen',
  initial: { times: 0 },
  events: { once: z.object({}), named: z.object({ name: z.string() }) },
  evolve: { once: ({ times }) => ({ times: times + 1 }), named: (state) => state },
})
expectTypeOf<keyof (typeof seen)['events']>().toEqualTypeOf<string>()
expectTypeOf(seen).toEqualTypeOf<
  Aggregate<
    { times: number },
    {
      once: { data: Record<string, never>; received: Record<string, never> }
      named: { data: { name: string }; received: { name: string } }
    }
  >
>()

const place = decision({
  of: { cart },
  initial: (to: string) => ({ to, carts: 0 }),
  tags: (to) => {
    expectTypeOf(to).toEqualTypeOf<string>()
    return [[`place:${to}`]]
  },
  evolve: {
    cart: {
      moved: (state, data, { id }) => {
        expectTypeOf(state).toEqualTypeOf<{ to: string; carts: number }>()
        expectTypeOf(data).toEqualTypeOf<{ to: string }>()
        expectTypeOf(id).toEqualTypeOf<string>()
        return { ...state, carts: state.carts + 1 }
      },
    },
  },
})

expectTypeOf(cart).toExtend<Aggregate<{ lines: Line[]; open: boolean }, object>>()
expectTypeOf(place).toEqualTypeOf<Decision<string, { to: string; carts: number }>>()

defineModule(orders, {
  commands: {
    async place(_, { load }) {
      const c = await load(cart, '1')
      expectTypeOf(c.state).toEqualTypeOf<{ lines: Line[]; open: boolean }>()
      expectTypeOf(c.version).toEqualTypeOf<number>()
      // What is appended is the form before decoding, as in a contract.
      expectTypeOf(c.append.lineAdded).toEqualTypeOf<(data: { sku: string; quantity: string }) => void>()
      const fresh = await load(cart, '2', { isNew: true })
      fresh.append.checkedOut({})
      const past = await load(cart, '1', { at: new Date(0) })
      expectTypeOf<keyof typeof past>().toEqualTypeOf<'id' | 'state' | 'version'>()
      const { state } = await load(place, 'here')
      expectTypeOf(state.carts).toEqualTypeOf<number>()
      return { orderId: c.id }
    },
    expire() {},
  },
  queries: {
    async byId(_, { load }) {
      const read = await load(cart, '1', { version: 3 })
      expectTypeOf<keyof typeof read>().toEqualTypeOf<'id' | 'state' | 'version'>()
      return null
    },
    all: () => [],
  },
})
