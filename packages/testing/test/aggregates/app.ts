import { fileURLToPath } from 'node:url'
import { aggregate, type CommandContext, decision, defineApp, defineModule, type LoadedAggregate } from '@banyan/module'
import { z } from 'zod'
import { carts, courses, sales } from './contracts.js'

export const folder = fileURLToPath(new URL('.', import.meta.url))

const line = z.object({ sku: z.string(), quantity: z.number().int() })

export interface CartState {
  readonly open: boolean
  readonly lines: { sku: string; quantity: number }[]
  readonly total: number
}

export const cart = aggregate({
  name: 'cart',
  initial: { open: true, lines: [], total: 0 } as CartState,
  events: { lineAdded: line, checkedOut: z.object({}) },
  evolve: {
    lineAdded: (state, added) => ({
      ...state,
      lines: [...state.lines, added],
      total: state.total + added.quantity,
    }),
    checkedOut: (state) => ({ ...state, open: false }),
  },
  snapshots: { every: 5 },
})

type Cart = Pick<LoadedAggregate<CartState, unknown>, 'state' | 'version'>

const shown = ({ state, version }: Cart) => ({ version, ...state })

export const cartsModule = defineModule(carts, {
  commands: {
    async add({ cartId, times, ...added }, { load, fail }) {
      const c = await load(cart, cartId)
      if (!c.state.open) throw fail.closed()
      for (let time = 0; time < times; time++) c.append.lineAdded(added)
      return shown(c)
    },
    async checkOut({ cartId }, { load, emit }) {
      const c = await load(cart, cartId)
      c.append.checkedOut({})
      emit.checkedOut({ cartId, quantity: c.state.total })
      return shown(c)
    },
    async open({ cartId }, { load }) {
      const c = await load(cart, cartId, { isNew: true })
      c.append.lineAdded({ sku: 'gift', quantity: 0 })
      return shown(c)
    },
  },
  queries: {
    async show({ cartId, at, version }, { load }) {
      if (at !== undefined) return shown(await load(cart, cartId, { at }))
      return shown(version === undefined ? await load(cart, cartId) : await load(cart, cartId, { version }))
    },
  },
})

const course = aggregate({
  name: 'course',
  initial: { seats: 0 },
  events: { defined: { data: z.object({ seats: z.number().int() }), tags: (_, id) => [`course:${id}`] } },
  evolve: { defined: (_, { seats }) => ({ seats }) },
})

const enrolment = aggregate({
  name: 'enrolment',
  initial: {},
  events: {
    enrolled: {
      data: z.object({ courseId: z.string(), studentId: z.string() }),
      tags: ({ courseId, studentId }) => [`student:${studentId}`, `course:${courseId}`],
    },
  },
  evolve: { enrolled: (state) => state },
})

const room = decision({
  of: { course, enrolment },
  initial: (asked: { courseId: string; studentId: string }) => ({ ...asked, seats: 0, taken: 0, courses: 0 }),
  tags: ({ courseId, studentId }) => [[`course:${courseId}`], [`student:${studentId}`]],
  evolve: {
    course: { defined: (state, { seats }) => ({ ...state, seats }) },
    enrolment: {
      enrolled: (state, { courseId, studentId }) => ({
        ...state,
        taken: state.taken + Number(courseId === state.courseId),
        courses: state.courses + Number(studentId === state.studentId),
      }),
    },
  },
})

type Enrol = CommandContext<typeof courses, 'enrol', object, object>

export const coursesModule = defineModule(courses, {
  commands: {
    async define({ courseId, seats }, { load }) {
      const c = await load(course, courseId)
      c.append.defined({ seats })
    },
    async enrol(asked, { load, fail, newId }: Enrol) {
      const { state } = await load(room, asked)
      if (state.taken >= state.seats) throw fail.full()
      if (state.courses >= 2) throw fail.tooMany()
      const e = await load(enrolment, newId(), { isNew: true })
      e.append.enrolled(asked)
      // What is decided on next in this unit of work knows of it.
      return { taken: (await load(room, asked)).state.taken }
    },
  },
  queries: { taken: async (asked, { load }) => (await load(room, asked)).state.taken },
})

const ledger = aggregate({
  name: 'ledger',
  initial: { quantity: 0 },
  events: { sold: z.object({ quantity: z.number().int() }) },
  evolve: { sold: (state, { quantity }) => ({ quantity: state.quantity + quantity }) },
  snapshots: { every: 3 },
})

export const salesModule = defineModule(sales, {
  listens: { carts },
  queries: {
    async total(_, { load }) {
      const { state, version } = await load(ledger, 'all')
      return { ...state, version }
    },
  },
  on: {
    carts: {
      async checkedOut({ quantity }, { load }) {
        const all = await load(ledger, 'all')
        all.append.sold({ quantity })
      },
    },
  },
})

export const fair = defineApp({ name: 'fair', modules: [cartsModule, coursesModule, salesModule] })
