import { type CommandHandler, defineApp, defineModule } from '@banyan/module'
import { inventory, orders, payments } from '../right/contracts.js'

const commands = { place: () => ({ orderId: '' }), expire() {} }
const queries = { byId: () => null, all: () => [] }

defineModule(orders, {
  // error TS2741: Property 'expire' is missing in type '{ place: () => { orderId: string; }; }' but required in type 'CommandHandlers<…
  commands: { place: () => ({ orderId: '' }) },
  queries,
})

// error TS2345: … Property 'commands' is missing in type '{ queries: { byId: () => null; all: () => never[]; }; }' but required in type '{ readonly commands: unknown; }'.
defineModule(orders, { queries })

defineModule(orders, {
  // error TS2353: Object literal may only specify known properties, and 'ship' does not exist in type 'CommandHandlers<…
  commands: { place: () => ({ orderId: '' }), expire() {}, ship() {} },
  queries,
})

defineModule(orders, {
  commands,
  // error TS2561: Object literal may only specify known properties, but 'byID' does not exist in type 'QueryHandlers<… Did you mean to write 'byId'?
  queries: { byID: () => null, all: () => [] },
})

// error TS2353: Object literal may only specify known properties, and 'querys' does not exist in type 'ModuleOptions<…
defineModule(orders, { commands, querys: queries })

// error TS2561: Object literal may only specify known properties, but 'migration' does not exist in type 'ModuleOptions<… Did you mean to write 'migrations'?
defineModule(orders, { commands, queries, migration: 'src/migrations' })

defineModule(orders, {
  // error TS2322: Type 'Promise<{ id: number; }>' is not assignable to type 'Promise<{ orderId: string; }> | { orderId: string; }'. Type 'Promise<{ id: number; }>' is not assignable to type 'Promise<{ orderId: string; }>'. Property 'orderId' is missing in type '{ id: number; }' but required in type '{ orderId: string; }'.
  commands: { place: async () => ({ id: 1 }), expire() {} },
  queries,
})

defineModule(orders, {
  // error TS2322: Type 'number' is not assignable to type 'string'.
  commands: { place: () => ({ orderId: 1 }), expire() {} },
  queries,
})

defineModule(orders, {
  listens: { payments },
  commands,
  queries,
  // error TS2561: Object literal may only specify known properties, but 'capturd' does not exist in type 'EventHandlers<… Did you mean to write 'captured'?
  on: { payments: { capturd() {} } },
})

defineModule(orders, {
  commands,
  queries,
  // error TS2353: Object literal may only specify known properties, and 'payments' does not exist in type '{ readonly orders?: EventHandlers<…
  on: { payments: { captured() {} } },
})

defineModule(orders, {
  uses: { inventory },
  commands: {
    async place(_, { call, emit, fail, later, sql }) {
      // error TS2551: Property 'placd' does not exist on type '{ readonly placed: (data: { orderId: string; lines: { sku: string; quantity: number; }[]; }) => void; }'. Did you mean 'placed'?
      emit.placd({ orderId: '1', lines: [] })
      // error TS2322: Type 'number' is not assignable to type 'string'.
      emit.placed({ orderId: 1, lines: [] })
      // error TS2551: Property 'reserv' does not exist on type '{ readonly reserve: (input: { orderId: string; lines: { sku: string; quantity: number; }[]; }) => Call<{ reservationId: string; }, … Did you mean 'reserve'?
      await call.inventory.reserv({ orderId: '1', lines: [] })
      // error TS2741: Property 'lines' is missing in type '{ orderId: string; }' but required in type '{ orderId: string; lines: { sku: string; quantity: number; }[]; }'.
      await call.inventory.reserve({ orderId: '1' })
      // error TS2554: Expected 1 arguments, but got 0.
      await call.inventory.reserve()
      // error TS2339: Property 'payments' does not exist on type '{ readonly inventory: …
      await call.payments.authorize({})
      // error TS2339: Property 'level' does not exist on type '{ readonly reserve: …
      later.inventory.level({ sku: '1' })
      // error TS2322: Type '"soon"' is not assignable to type 'Duration | undefined'.
      later.inventory.reserve({ orderId: '1', lines: [] }, { in: 'soon' })
      // error TS2345: Argument of type 'undefined' is not assignable to parameter of type 'SqlValue'.
      await sql`select ${undefined}`
      // error TS2551: Property 'tooManyLine' does not exist on type '{ readonly tooManyLines: (details: { limit: number; }) => ContractError<"orders.tooManyLines", { limit: number; }>; }'. Did you mean 'tooManyLines'?
      throw fail.tooManyLine({ limit: 1 })
    },
    expire(_, { fail }) {
      // error TS2339: Property 'tooManyLines' does not exist on type '{}'.
      throw fail.tooManyLines({ limit: 1 })
    },
  },
  queries,
})

defineModule(orders, {
  commands: {
    place(_, { fail }) {
      // error TS2561: Object literal may only specify known properties, but 'limt' does not exist in type '{ limit: number; }'. Did you mean to write 'limit'?
      throw fail.tooManyLines({ limt: 1 })
    },
    expire() {},
  },
  queries,
})

defineModule(orders, {
  // error TS2322: Type 'Contract<"inventory", … is not assignable to type '"the key must be the name of the contract: inventory"'.
  uses: { stock: inventory },
  commands,
  queries,
})

// error TS2322: Type 'Module<"inventory">' is not assignable to type 'ContractShape'. Types of property 'kind' are incompatible. Type '"module"' is not assignable to type '"contract"'.
defineModule(orders, { uses: { inventory: {} as import('@banyan/module').Module<'inventory'> }, commands, queries })

defineModule(orders, {
  uses: { inventory },
  commands,
  queries: {
    // error TS2339: Property 'emit' does not exist on type 'ReadContext<…
    byId(_, { emit }) {
      return null
    },
    async all(_, { call }) {
      // error TS2339: Property 'reserve' does not exist on type '{ readonly level: (input: { sku: string; }) => Call<{ sku: string; available: number; }, never>; }'.
      await call.inventory.reserve({ orderId: '1', lines: [] })
      return []
    },
  },
})

// error TS2353: Object literal may only specify known properties, and ''POT /x'' does not exist in type …
defineModule(orders, { commands, queries, routes: { 'POT /x': () => new Response() } })

// error TS2322: Type '() => string' is not assignable to type …
defineModule(orders, { commands, queries, routes: { 'POST /x': () => 'text' } })

// error TS2322: Type '"ten seconds"' is not assignable to type 'Duration | undefined'.
defineModule(orders, { commands, queries, limits: { deadline: 'ten seconds' } })

// error TS2353: Object literal may only specify known properties, and 'payments' does not exist in type '{ readonly orders?: SubscriptionOptions; }'.
defineModule(orders, { commands, queries, subscriptions: { payments: { from: 'now' } } })

// error TS2740: Type 'Contract<"inventory", … is missing the following properties from type 'Module<string>': contract, uses, listens, on, and 4 more.
defineApp({ name: 'market', modules: [inventory] })

// error TS2344: Type '"plce"' does not satisfy the constraint '"expire" | "place"'.
export type Misspelt = CommandHandler<typeof orders, 'plce'>

// error TS2322: Type '{ order: string; }' is not assignable to type 'Promise<{ orderId: string; }> | { orderId: string; }'. …
export const place: CommandHandler<typeof orders, 'place'> = ({ customerId }) => ({ order: customerId })
