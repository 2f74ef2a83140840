import { isBanyanError } from '@banyan/errors'
import { defineModule } from '@banyan/module'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { calendar, inventory, orders, payments } from './types/right/contracts.js'

const commands = { place: () => ({ orderId: '1' }), expire() {} }
const queries = { byId: () => null, all: () => [] }

/** What `defineModule` says about a definition that the compiler would refuse too. */
function problemsOf(options: object): string[] {
  try {
    defineModule(orders, { commands, queries, ...options } as never)
  } catch (error) {
    if (!isBanyanError(error, 'invalid-module')) throw error
    const { problems } = error.details as { problems: { where: string; what: string; allowed?: string }[] }
    return problems.map(({ where, what, allowed }) => `${where}: ${what} (${allowed})`)
  }
  return []
}

describe('a module', () => {
  const config = z.object({ KEY: z.string() })
  const captured = () => {}
  const webhook = () => new Response()
  const module = defineModule(orders, {
    uses: { inventory },
    listens: { payments },
    config,
    migrations: 'migrations',
    commands,
    queries,
    on: { payments: { captured } },
    routes: { 'GET /a/{b}': webhook, 'POST /c': { handler: webhook, access: 'public', summary: 'Hook' } },
    subscriptions: { payments: { from: 'now' } },
    limits: { deadline: '1s' },
  })

  it('is plain data, frozen', () => {
    expect(module).toMatchObject({
      kind: 'module',
      name: 'orders',
      contract: orders,
      uses: { inventory },
      listens: { payments },
      config,
      migrations: 'migrations',
      commands,
      queries,
      on: { payments: { captured } },
      subscriptions: { payments: { from: 'now' } },
      limits: { deadline: '1s' },
      retention: {},
    })
    for (const part of [module, module.uses, module.commands, module.on, module.on.payments, module.routes]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('reads its raw routes', () => {
    const handler = expect.any(Function)
    expect(module.routes).toEqual({
      'GET /a/{b}': { method: 'GET', path: '/a/{b}', parameters: ['b'], handler },
      'POST /c': { method: 'POST', path: '/c', parameters: [], handler, access: 'public', summary: 'Hook' },
    })
  })

  it('gives raw routes the parameters of their path, also under a prefix', async () => {
    const seen: unknown[] = []
    const { routes } = defineModule(orders, {
      commands,
      queries,
      routes: { 'GET /a/{b}/{c}': (_, { params }) => new Response(JSON.stringify(params)) },
    })
    for (const path of ['/a/1/2', '/api/v1/a/x%20y/z/', '/a/%/2']) {
      const response = await routes['GET /a/{b}/{c}']?.handler(new Request(`http://localhost${path}?q=1`), {})
      seen.push(await (response as Response).json())
    }
    expect(seen).toEqual([
      { b: '1', c: '2' },
      { b: 'x y', c: 'z' },
      { b: '%', c: '2' },
    ])
  })

  it('may have a contract without operations', () => {
    const handled: unknown[] = []
    const listener = defineModule(payments, {
      listens: { orders },
      on: { orders: { placed: (data) => void handled.push(data) } },
    })
    expect(listener.commands).toEqual({})
    expect(Object.keys(listener.on)).toEqual(['orders'])
  })
})

describe('what is wrong with a module', () => {
  it('is reported together', () => {
    const wrong = { commands: { place: () => ({}) }, queries: undefined, on: { shipping: {} } }
    expect(() => defineModule(orders, wrong as never)).toThrowErrorMatchingInlineSnapshot(`
      [BanyanError: The module orders is not valid
        ✗ module orders · commands.expire
            the contract has a command without handler
            allowed: a function (input, context)
            remedy:  Write its handler, or take the command out of the contract.
        ✗ module orders · queries.byId
            the contract has a query without handler
            allowed: a function (input, context)
            remedy:  Write its handler, or take the query out of the contract.
        ✗ module orders · queries.all
            the contract has a query without handler
            allowed: a function (input, context)
            remedy:  Write its handler, or take the query out of the contract.
        ✗ module orders · on.shipping
            'shipping' is neither used nor listened to
            allowed: orders
            remedy:  Add its contract to listens, or to uses.]
    `)
  })

  const stale = { ...inventory, name: 'orders' }
  it.each<[title: string, options: object, problems: string[]]>([
    [
      'a missing handler',
      { commands: { place: commands.place } },
      ['commands.expire: the contract has a command without handler (a function (input, context))'],
    ],
    [
      'a handler that is none',
      { commands: { ...commands, expire: 1 } },
      ['commands.expire: the handler is not a function (a function (input, context))'],
    ],
    [
      'a handler too many',
      { queries: { ...queries, find() {} } },
      ["queries.find: the contract has no query 'find' (byId, all)"],
    ],
    [
      'an unknown option',
      { querys: {} },
      [
        "querys: unknown option 'querys' (uses, listens, config, migrations, context, commands, queries, on, routes, subscriptions, limits, retention)",
      ],
    ],
    [
      'a module instead of a contract',
      { uses: { inventory: { kind: 'module', name: 'inventory' } } },
      ['uses.inventory: this is not a contract (what contract({ … }) returned)'],
    ],
    [
      'nothing instead of a contract',
      { listens: { inventory: undefined } },
      ['listens.inventory: this is not a contract (what contract({ … }) returned)'],
    ],
    ['use of itself', { uses: { orders: stale } }, ['uses.orders: a module needs no entry for itself (other modules)']],
    [
      'another key',
      { uses: { stock: inventory } },
      ["uses.stock: the key 'stock' is not the name of the contract (inventory)"],
    ],
    [
      'a source that it neither uses nor listens to',
      { on: { payments: {} } },
      ["on.payments: 'payments' is neither used nor listened to (orders)"],
    ],
    [
      'an unknown event',
      { listens: { payments }, on: { payments: { paid() {} } } },
      ["on.payments.paid: 'payments' publishes no event 'paid' (captured)"],
    ],
    [
      'an event handler that is none',
      { listens: { payments }, on: { payments: { captured: 1 } } },
      ['on.payments.captured: the handler is not a function (a function (data, context))'],
    ],
    [
      'a subscription without handlers',
      { listens: { payments }, subscriptions: { payments: {} } },
      ["subscriptions.payments: no handler listens to 'payments' (none: the module listens to nothing)"],
    ],
    [
      'a subscription out of range',
      {
        on: { orders: { placed() {} } },
        subscriptions: { orders: { from: 'yesterday', parallel: 65, attempts: 0, onDead: 'drop' } },
      },
      [
        `subscriptions.orders.from: "yesterday" is not a time ('beginning', 'now', a Date, or a time like 2026-01-31T12:00:00Z)`,
        'subscriptions.orders.parallel: 65 is out of range (a whole number from 1 to 64)',
        'subscriptions.orders.attempts: 0 is out of range (a whole number from 1 to 1000)',
        "subscriptions.orders.onDead: 'drop' is unknown (release, hold)",
      ],
    ],
    [
      'limits out of range',
      { limits: { concurrency: 0, queue: -1, deadline: '0s' } },
      [
        'limits.concurrency: 0 is out of range (a whole number from 1 to 1000000)',
        'limits.queue: -1 is out of range (a whole number from 0 to 1000000)',
        `limits.deadline: "0s" is not a duration above zero (milliseconds as a number, or a number with ms, s, m, h or d, for example '10m')`,
      ],
    ],
    [
      'a retention that is none',
      { retention: { inbox: 'long', log: '-1d' } },
      [
        `retention.inbox: "long" is not a duration above zero (milliseconds as a number, or a number with ms, s, m, h or d, for example '10m')`,
        `retention.log: "-1d" is not a duration above zero (milliseconds as a number, or a number with ms, s, m, h or d, for example '10m')`,
      ],
    ],
    [
      'a route that cannot be served',
      { routes: { 'POT /x': () => 1, 'GET /y': {} } },
      [
        "routes['POT /x']: 'POT' is not a method that can be served (METHOD /path/{parameter})",
        "routes['GET /y']: the route has no handler (a function (request, context))",
      ],
    ],
    [
      'a route twice',
      { routes: { 'GET /x/{a}': () => 1, 'GET /x/{b}': () => 1 } },
      [
        "routes['GET /x/{b}']: the same as 'GET /x/{a}' (one handler per method and path; names of parameters make no difference)",
      ],
    ],
  ])('%s', (_, options, problems) => expect(problemsOf(options)).toEqual(problems))

  it('is nothing for a module that decodes', () => {
    const made = defineModule(calendar, { commands: { book: () => ({ price: '1' }), note() {} } })
    expect(made.name).toBe('calendar')
  })
})
