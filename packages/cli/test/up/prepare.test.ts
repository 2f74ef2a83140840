import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { type NatsServer, startNatsServer } from '@banyan/broker-nats'
import { accessVariables, emitAccess, type LoadedApp, topologyOf } from '@banyan/host'
import { createLogger } from '@banyan/runtime'
import { attachEmbedded, type EmbeddedServer, removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { shop } from '../../../placement/test/access/shop.js'
import { type PreparedServices, prepareServices } from '../../src/up/prepare.js'
import { replicaEnvironment } from '../../src/up/replica-environment.js'

// A database is made for each.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Environment = Readonly<Record<string, string>>

const ambient = createAmbient()
const { NATS_SERVER_BIN = '' } = process.env

test('nothing that is secret, or the way to a secret, reaches a service by way of the environment of `up`', () => {
  const names = [...accessVariables, 'PGUSER', 'PGPASSWORD', 'PGPASSFILE', 'BANYAN_STORE_CONNECTION']
  const inherited = Object.fromEntries(names.map((name) => [name, `the ${name} of up`]))
  const own = replicaEnvironment({ ...inherited, HOME: '/home' }, { NATS_URL: 'nats://own' }, 2)
  // Empty, not absent: a `.env` would bring it back.
  expect(Object.fromEntries(names.map((name) => [name, own[name]]))).toEqual({
    ...Object.fromEntries(names.map((name) => [name, ''])),
    NATS_URL: 'nats://own',
  })
  expect(own.HOME).toBe('/home')
})

withNats.describe('what services of `up` are told', () => {
  const home = mkdtempSync(join(tmpdir(), 'ban-up-'))
  const streams = { maxBytes: 8_388_608 }
  let database: EmbeddedServer
  let broker: NatsServer
  let reach: { readonly DATABASE_URL: Environment; readonly NATS_URL: Environment }

  beforeAll(async () => {
    const settings = { fsync: 'off' }
    database = await startEmbedded({ dataDir: join(home, 'server'), transport: 'loopback', settings })
    broker = await startNatsServer({ folder: join(home, 'nats') })
    const { host, port, user, password, database: name } = database.connection
    const url = new URL(`postgresql://${host}:${port}/${name}`)
    url.searchParams.set('user', user)
    url.searchParams.set('password', password)
    reach = { DATABASE_URL: { DATABASE_URL: url.href, PGPASSWORD: password }, NATS_URL: { NATS_URL: broker.url } }
  })
  afterAll(async () => {
    await broker.stop()
    await database.stop()
    await removeEmbedded(join(home, 'server'))
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })

  const loadedIn = (name: string): LoadedApp => {
    const folder = join(home, name)
    mkdirSync(folder)
    const services = { checkout: ['orders', 'mail'], stock: ['inventory'], money: ['payments'] }
    return { app: shop, config: { app: './app.ts', services, events: streams }, folder, file: 'banyan.config.ts' }
  }

  const dataOf = ({ folder }: LoadedApp): string => join(folder, '.banyan/data')

  async function prepared(
    loaded: LoadedApp,
    environment: Environment,
    look: (services: PreparedServices) => Promise<void>,
  ): Promise<void> {
    const services = await prepareServices({
      loaded,
      topology: topologyOf(loaded),
      environment,
      ambient,
      logger: createLogger({ level: 'silent' }),
      orphanGraceMs: 1_000,
      tell: () => undefined,
      guard: { watchBroker: () => undefined },
      stopping: new AbortController().signal,
    })
    try {
      await look(services)
    } finally {
      await services.close()
      await removeEmbedded(dataOf(loaded))
    }
  }

  /** Who is logged in, by module. */
  async function usersOf({ DATABASE_URL = '', BANYAN_STORE_LOGINS = '' }: Environment): Promise<object> {
    const logins = JSON.parse(BANYAN_STORE_LOGINS) as Record<string, { user: string; password: string }>
    const users: Record<string, string> = {}
    for (const [module, { user, password }] of Object.entries(logins)) {
      const url = new URL(DATABASE_URL)
      url.username = user
      url.password = password
      const client = new pg.Client({ connectionString: url.href })
      await client.connect()
      const { rows } = await client.query('select current_user as user')
      await client.end()
      users[module] = rows[0].user
    }
    return users
  }

  const given: readonly (readonly (keyof typeof reach)[])[] = [
    [],
    ['DATABASE_URL'],
    ['NATS_URL'],
    ['DATABASE_URL', 'NATS_URL'],
  ]
  test.each(given.map((given) => ({ given })))(
    'is how to log in as their modules, and nothing of the admin, with $given',
    async ({ given }) => {
      const loaded = loadedIn(`with-${given.join('-')}`)
      const environment: Environment = Object.assign({ NATS_SERVER_BIN }, ...given.map((name) => reach[name]))
      await prepared(loaded, environment, async (services) => {
        const own = (service: string): Environment =>
          replicaEnvironment(environment, services.environmentOf(service), 1)
        const admin = given.includes('DATABASE_URL') ? database.connection : attachEmbedded(dataOf(loaded))
        for (const { name } of topologyOf(loaded).services) {
          const values = Object.values(own(name))
          expect([name, values.filter((value) => value.includes(admin?.password as string))]).toEqual([name, []])
          const url = new URL(own(name).DATABASE_URL || 'postgresql://none/none')
          expect([name, url.username, url.searchParams.get('user')]).toEqual([name, '', null])
        }
        expect(own('gateway')).toMatchObject({ DATABASE_URL: '', BANYAN_STORE_LOGINS: '{}' })
        expect(await usersOf(own('checkout'))).toEqual({ orders: 'shop_orders', mail: 'shop_mail' })
        expect(await usersOf(own('stock'))).toEqual({ inventory: 'shop_inventory' })
        expect(await usersOf(own('money'))).toEqual({ payments: 'shop_payments' })
      })
    },
  )

  test('is what was emitted for the server of NATS_URL, which stays as it is', async () => {
    const loaded = loadedIn('emitted')
    const folder = join(loaded.folder, '.banyan/access')
    emitAccess({ loaded, environment: {}, folder, now: ambient.now() })
    const config = readFileSync(join(folder, 'nats.conf'), 'utf8')
    const strict = await startNatsServer({ folder: join(home, 'strict'), config })
    const keyring = readFileSync(join(folder, 'keyring.json'), 'utf8')
    const environment = { ...reach.DATABASE_URL, NATS_URL: strict.url }
    try {
      await prepared(loaded, environment, async (services) => {
        const [, seed] =
          /BANYAN_NATS_CALLS_SEED=(.*)/.exec(readFileSync(join(folder, 'services/stock.env'), 'utf8')) ?? []
        expect(services.environmentOf('stock')).toMatchObject({ NATS_URL: strict.url, BANYAN_NATS_CALLS_SEED: seed })
      })
      // What the deployment does not know is not made up beside it.
      const services = { checkout: ['orders', 'mail'], depot: ['inventory'], money: ['payments'] }
      const grown = { ...loaded, config: { ...loaded.config, services } }
      await expect(prepared(grown, environment, async () => undefined)).rejects.toMatchObject({
        code: 'access-outdated',
        message: expect.stringContaining('calls.depot, events.depot'),
      })
      expect(readFileSync(join(folder, 'keyring.json'), 'utf8')).toBe(keyring)
    } finally {
      await strict.stop()
    }
  })
})
