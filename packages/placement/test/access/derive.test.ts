import { deriveAccess, explainAccess, versionParts } from '@banyan/placement'
import { expect, test } from 'vitest'
import { shop, shopTopology } from './shop.js'

const plan = deriveAccess(shop, shopTopology)
const of = (service: string) => {
  const found = plan.services.find((one) => one.service === service)
  if (found === undefined) throw new Error(`no ${service}`)
  return found
}
const calls = (service: string) =>
  of(service).calls.map(({ module, line, operation }) => `${module}.${line}.${operation}`)

test('a service may call what its modules use, and their own operations', () => {
  expect(calls('checkout')).toEqual(['orders.v2.place', 'inventory.v1.reserve', 'inventory.v1.level', 'mail.v1.send'])
  expect(calls('stock')).toEqual(['inventory.v1.reserve', 'inventory.v1.level'])
  // Hearing of orders lets payments call nothing of it.
  expect(calls('money')).toEqual(['payments.v0_4.authorize', 'payments.v0_4.refund'])
})

test('the gateway may call what has http, and hand on raw routes; it serves and reads nothing', () => {
  expect(calls('gateway')).toEqual(['inventory.v1.level', 'payments.v0_4.refund', 'orders.v2.place'])
  expect(of('gateway').routes).toEqual([
    { module: 'payments', line: 'v0_4', because: ['the gateway serves the raw route POST /webhooks/bank'] },
  ])
  expect([of('gateway').serves, of('gateway').reads, of('gateway').publishes, of('gateway').replies]).toEqual([
    [],
    [],
    [],
    [],
  ])
  for (const service of ['checkout', 'stock', 'money']) expect(of(service).routes).toEqual([])
})

test('a log is read where another service has a handler, not where a contract is only named', () => {
  expect(of('checkout').reads).toEqual([
    { source: 'payments', because: ['orders listens to payments'] },
    { source: 'inventory', because: ['orders listens to inventory'] },
  ])
  expect(of('checkout').publishes).toEqual([
    { module: 'orders', because: ['orders publishes events', 'money reads them'] },
  ])
  // mail hears of orders in the same process, from PostgreSQL.
  expect(plan.sources).toEqual([
    { module: 'inventory', host: 'stock', readers: ['checkout'] },
    { module: 'payments', host: 'money', readers: ['checkout'] },
    { module: 'orders', host: 'checkout', readers: ['money'] },
  ])
  const apart = deriveAccess(shop, {
    app: 'shop',
    services: ['orders', 'mail', 'inventory', 'payments'].map((name) => ({
      name: `the-${name}`,
      modules: [name],
      replicas: 1,
      gateway: false,
    })),
  })
  expect(apart.sources.find(({ module }) => module === 'orders')?.readers).toEqual(['the-mail', 'the-payments'])
})

test('who may answer whom: in the name of a hosted module, those who may ask it', () => {
  expect(of('stock').replies.map(({ to, module }) => `${to} as ${module}`)).toEqual([
    'checkout as inventory',
    'stock as inventory',
    'gateway as inventory',
  ])
  expect(of('money').replies).toEqual([
    { to: 'checkout', module: 'payments', because: ['checkout reads the log of payments'] },
    { to: 'money', module: 'payments', because: ['money may call payments'] },
    {
      to: 'gateway',
      module: 'payments',
      because: ['gateway may call payments', 'gateway hands requests to raw routes of payments'],
    },
  ])
})

test('the name of the app is that of the topology', () => {
  expect(deriveAccess(shop, { ...shopTopology, app: 'shop-2' }).app).toBe('shop-2')
})

test('every grant is explained, with all its reasons', () => {
  const reasons = explainAccess(plan)
  expect(reasons.filter(({ because }) => because.length === 0)).toEqual([])
  const grants = plan.services.flatMap((one) => [
    ...one.serves,
    ...new Set(one.calls.map(({ module }) => module)),
    ...one.routes,
    ...one.reads,
    ...one.publishes,
    ...one.replies,
  ])
  // Operations that the gateway serves differ in their reason, all others of a module have one line.
  expect(reasons).toHaveLength(grants.length)
  expect(reasons).toContainEqual({
    service: 'checkout',
    may: 'call',
    what: 'inventory v1: reserve, level',
    because: ['orders uses inventory'],
  })
})

test.each([
  ['1.2.0', 'v1', '2_0'],
  ['0.4.3', 'v0_4', '3'],
  ['10.0.12', 'v10', '0_12'],
  ['1.2.0-beta.1', 'v1', '2_0-beta_1'],
])('%s is of the line %s', (version, line, step) => {
  expect(versionParts(version)).toEqual({ line, step })
})
