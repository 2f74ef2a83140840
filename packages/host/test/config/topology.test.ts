import { contract } from '@banyan/contract'
import { type Config, checkConfig, streamLimits, topologyOf } from '@banyan/host'
import { defineApp, defineModule } from '@banyan/module'
import { describe, expect, test } from 'vitest'

const [orders, stock, mail] = ['orders', 'stock', 'mail'].map((name) =>
  defineModule(contract({ name, version: '1.0.0' }), {}),
) as [ReturnType<typeof defineModule>, ReturnType<typeof defineModule>, ReturnType<typeof defineModule>]
const app = defineApp({ name: 'shop', modules: [orders, stock, mail] })

const topology = (config: Omit<Config, 'app'>) =>
  topologyOf({ app, config: { app: './app.ts', ...config }, file: 'banyan.config.ts' })

/** Where and what of each problem that is thrown. */
function refusal(config: Omit<Config, 'app'>): string[] {
  try {
    topology(config)
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems: { where: string; what: string }[] } }
    return [code, ...details.problems.map(({ where, what }) => `${where}: ${what}`)]
  }
  return []
}

const formOf = (config: object): string[] =>
  checkConfig('banyan.config.ts', { app: './app.ts', ...config }).map(({ where, what }) => `${where}: ${what}`)

describe('the topology', () => {
  test('has the services as configured, and the gateway last', () => {
    expect(
      topology({ services: { checkout: { modules: ['orders', 'mail'], replicas: 2 }, store: ['stock'] } }),
    ).toEqual({
      app: 'shop',
      services: [
        { name: 'checkout', modules: ['orders', 'mail'], replicas: 2, gateway: false },
        { name: 'store', modules: ['stock'], replicas: 1, gateway: false },
        { name: 'gateway', modules: [], replicas: 1, gateway: true },
      ],
    })
    expect(
      topology({ services: { all: ['orders', 'mail', 'stock'] }, gateway: { replicas: 3 } }).services.at(-1),
    ).toEqual({ name: 'gateway', modules: [], replicas: 3, gateway: true })
  })

  test('has every module in exactly one service: all problems are told together', () => {
    expect(refusal({ services: { checkout: ['orders', 'cart'], other: ['orders'] } })).toEqual([
      'invalid-config',
      'services.checkout: names cart, which the app does not have',
      'services.other: names orders, which checkout hosts already',
      'services: no service hosts stock, mail',
    ])
  })

  test('is not made up where there are no services', () => {
    expect(refusal({})).toEqual(['invalid-config', 'services: is missing'])
    expect(refusal({ services: {} })).toEqual(['invalid-config', 'services: names no service'])
  })
})

describe('the form of services', () => {
  test('names are letters, digits and dashes, differ by more than capitals, and leave the gateway its own', () => {
    const found = formOf({
      services: { 'a.b': ['x'], 'end-': ['x'], gateway: ['x'], Gateway: ['x'], One: ['x'], one: ['x'] },
    })
    expect(found).toEqual([
      'services.a.b: is not a name that a service can have',
      'services.end-: is not a name that a service can have',
      'services.gateway: is the name of the service that the HTTP gateway runs in, which is always there',
      'services.Gateway: is the name of the service that the HTTP gateway runs in, which is always there',
      'services.one: differs from services.One in capital letters only',
    ])
    expect(formOf({ services: { 'order-desk2': ['x'], [`a${'b'.repeat(62)}`]: ['x'] } })).toEqual([])
  })

  test('replicas go from 1 to 64, and nothing else is set', () => {
    expect(formOf({ services: { a: { modules: ['x'], replicas: 64 }, b: { modules: ['y'], replicas: 1 } } })).toEqual(
      [],
    )
    expect(formOf({ services: { a: { modules: ['x'], replicas: 65 }, b: { modules: [], replica: 2 } } })).toEqual([
      'services.a.replicas: is 65',
      'services.b: names no modules',
      'services.b.replica: is not a setting',
    ])
    expect(formOf({ gateway: { replicas: 0 } })).toEqual(['gateway.replicas: is 0'])
  })
})

test('streams keep a gibibyte and seven days unless the configuration says otherwise', () => {
  expect(streamLimits()).toEqual({ maxBytes: 1_073_741_824, maxAgeMs: 604_800_000 })
  expect(streamLimits({ maxBytes: 5_000_000, maxAge: '2h' })).toEqual({ maxBytes: 5_000_000, maxAgeMs: 7_200_000 })
  expect(formOf({ events: { maxBytes: 1, maxAge: 'long' }, probe: { port: -1 } })).toEqual([
    'events.maxBytes: is 1',
    'events.maxAge: is "long"',
    'probe.port: is -1',
  ])
})
