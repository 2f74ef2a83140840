import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startNatsServer } from '@banyan/broker-nats'
import type { BanyanError } from '@banyan/errors'
import { type AccessOptions, emitAccess, readAccess } from '@banyan/host'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { connectWith, loaded, newFolder, now, prepare } from './shop-access.js'

test('secrets are made once, kept, and closed to others', () => {
  const folder = newFolder()
  chmodSync(folder, 0o755)
  const first = prepare(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'keyring.json')).mode & 0o777).toBe(0o600)
  const again = prepare(folder)
  expect(again.environmentOf('checkout')).toEqual(first.environmentOf('checkout'))
  expect(again.natsConfiguration()).toBe(first.natsConfiguration())
  expect(prepare(newFolder()).environmentOf('checkout')).not.toEqual(first.environmentOf('checkout'))
})

test('a service has its own secrets in its environment, and nobody else their seeds', () => {
  const access = prepare(newFolder(), {
    environment: { NATS_URL: 'nats://broker:4333', DATABASE_URL: 'postgresql://admin:pw@db:5433/shop' },
  })
  const [checkout, gateway] = [access.environmentOf('checkout'), access.environmentOf('gateway')]
  expect(checkout).toMatchObject({ NATS_URL: 'nats://broker:4333', DATABASE_URL: 'postgresql://db:5433/shop' })
  expect(Object.keys(JSON.parse(checkout.BANYAN_STORE_LOGINS ?? ''))).toEqual(['orders', 'mail'])
  // No module is no login: the gateway never falls back to the admin.
  expect(gateway.BANYAN_STORE_LOGINS).toBe('{}')
  expect(gateway).not.toHaveProperty('DATABASE_URL')
  expect(Object.keys(JSON.parse(access.deployEnvironment.BANYAN_NATS_DEPLOY_SEEDS ?? ''))).toEqual([
    'inventory',
    'payments',
    'orders',
  ])
  const everything = [access.natsConfiguration(), access.roleScript].join('\n')
  for (const secret of [checkout.BANYAN_NATS_CALLS_SEED, checkout.BANYAN_NATS_EVENTS_SEED, access.keyring.storeSecret])
    expect(everything).not.toContain(secret)
  for (const { password } of Object.values(JSON.parse(checkout.BANYAN_STORE_LOGINS ?? '') as { password: string }[]))
    expect(everything).not.toContain(password)
})

test.each([
  ['postgresql://admin:pw@db:5433/shop', 'postgresql://db:5433/shop'],
  ['postgresql://db/shop?user=admin&password=pw&sslmode=require', 'postgresql://db/shop?sslmode=require'],
  ['postgresql://admin:p@w@db/shop?passfile=/run/pw&sslpassword=pw', 'postgresql://db/shop'],
  ['postgresql://admin:pw@/shop?host=/run/postgresql', 'postgresql://localhost/shop?host=%2Frun%2Fpostgresql'],
])('the admin in %s is left out, however the address names it', (given, left) => {
  expect(prepare(newFolder(), { environment: { DATABASE_URL: given } }).environmentOf('checkout').DATABASE_URL).toBe(
    left,
  )
})

test('an address that is none is told by name, and not repeated', () => {
  const told = (environment: Record<string, string>): unknown => {
    try {
      emitAccess({ loaded, environment, folder: newFolder(), now }).prepared.environmentOf('checkout')
      return 'taken'
    } catch (error) {
      return [(error as BanyanError).code, JSON.stringify((error as BanyanError).details)]
    }
  }
  const database = { DATABASE_URL: 'postgresql://admin:secret@db:none/shop' }
  const broker = { NATS_URL: 'nats://a:4222,nats://me:secret@b:none' }
  for (const environment of [database, broker]) {
    expect(told(environment)).toEqual([
      'invalid-config',
      expect.stringContaining(Object.keys(environment)[0] as string),
    ])
    expect(told(environment)).not.toEqual(['invalid-config', expect.stringContaining('secret')])
  }
})

test('what was emitted is read by who runs processes, who changes nothing of it', () => {
  const folder = newFolder()
  const read = (more: Partial<AccessOptions> = {}) => readAccess({ loaded, environment: {}, folder, ...more })
  expect(() => read()).toThrow(expect.objectContaining({ code: 'access-outdated' }))
  expect(readdirSync(folder)).toEqual([])
  const emitted = prepare(folder, { tls: true })
  expect(read().environmentOf('checkout')).toEqual(emitted.environmentOf('checkout'))
  expect(read().deployEnvironment).toEqual(emitted.deployEnvironment)
  const before = readFileSync(join(folder, 'keyring.json'), 'utf8')
  // One service less needs nothing new; its keys stay for the deployment that has it.
  const fewer = { checkout: ['orders', 'mail', 'inventory'], money: ['payments'] }
  expect(read({ loaded: { ...loaded, config: { ...loaded.config, services: fewer } } }).plan.services).toHaveLength(3)
  expect(readFileSync(join(folder, 'keyring.json'), 'utf8')).toBe(before)
  expect(prepare(folder, { tls: false }).environmentOf('checkout')).toEqual(read().environmentOf('checkout'))
})

test('a damaged keyring is refused by name, not replaced', () => {
  const folder = newFolder()
  prepare(folder)
  const file = join(folder, 'keyring.json')
  const text = readFileSync(file, 'utf8')
  for (const damaged of [text.slice(0, 100), text.replace(/"SU\w+"/, '"SUNOSEED"'), '{}']) {
    writeFileSync(file, damaged)
    expect(() => prepare(folder)).toThrow(expect.objectContaining({ code: 'access-keys-damaged' }))
    expect(readFileSync(file, 'utf8')).toBe(damaged)
  }
})

test('a rotation is of a service that is there, and not begun twice', () => {
  const folder = newFolder()
  expect(() => prepare(folder, { change: { rotate: 'nobody' } })).toThrow(/checkout, stock, money, gateway/)
  const before = prepare(folder)
  const rotated = prepare(folder, { change: { rotate: 'stock' } })
  expect(rotated.open).toEqual(['calls.stock', 'events.stock', 'deploy.inventory'])
  expect(rotated.environmentOf('stock')).not.toEqual(before.environmentOf('stock'))
  expect(rotated.environmentOf('money')).toEqual(before.environmentOf('money'))
  expect(() => prepare(folder, { change: { rotate: 'all' } })).toThrow(
    expect.objectContaining({ code: 'access-rotation-open' }),
  )
  expect(prepare(folder).environmentOf('stock')).toEqual(rotated.environmentOf('stock'))
  expect(prepare(folder, { change: { finish: true } }).open).toEqual([])
  expect(prepare(folder, { change: { rotate: 'all' } }).open).toHaveLength(12)
})

test('emitting writes all of it, readable by its owner alone', () => {
  const folder = newFolder()
  const { files } = emitAccess({ loaded, environment: {}, folder, now, installed: '/etc/shop' })
  expect(readdirSync(folder).sort()).toEqual([
    'README.txt',
    'deploy.env',
    'keyring.json',
    'nats.conf',
    'observer.env',
    'roles.sql',
    'services',
  ])
  for (const file of files) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600])
  expect(readFileSync(join(folder, 'nats.conf'), 'utf8')).toContain('store_dir: "/etc/shop/jetstream"')
  const environment = { NATS_URL: 'nats://one.internal:4333,nats://two.internal:4333' }
  emitAccess({ loaded, environment, folder, now })
  expect(readFileSync(join(folder, 'nats.conf'), 'utf8')).toMatch(/0\.0\.0\.0:4333|port: 4333/)
  emitAccess({ loaded, environment: {}, folder, now })
  expect(readFileSync(join(folder, 'services', 'stock.env'), 'utf8')).toMatch(
    /^# .*\nNATS_URL=nats:\/\/127\.0\.0\.1:4222\nBANYAN_NATS_CALLS_SEED=SU\w{56}\nBANYAN_NATS_EVENTS_SEED=SU\w{56}\n/,
  )
})

test('secrets of a service that is no more are removed, and its keys are accepted no more', () => {
  const folder = newFolder()
  emitAccess({ loaded, environment: {}, folder, now })
  const stockKey = /# calls\.stock\n\s+nkey: "(\w+)"/.exec(readFileSync(join(folder, 'nats.conf'), 'utf8'))?.[1] ?? '?'
  const services = { checkout: ['orders', 'mail'], depot: ['inventory'], money: ['payments'] }
  emitAccess({ loaded: { ...loaded, config: { ...loaded.config, services } }, environment: {}, folder, now })
  expect(readdirSync(join(folder, 'services')).sort()).toEqual([
    'checkout.env',
    'depot.env',
    'gateway.env',
    'money.env',
  ])
  expect(readFileSync(join(folder, 'nats.conf'), 'utf8')).not.toContain(stockKey)
})

test('there is no authority to rotate or to renew without TLS', () => {
  for (const change of [{ rotate: 'authority' }, { renew: true }])
    expect(() => prepare(newFolder(), { change })).toThrow(expect.objectContaining({ code: 'not-found' }))
})

withNats.test('old and new key are accepted until a rotation is finished, and who stays connected stays', async () => {
  const folder = newFolder()
  const before = prepare(folder)
  const server = await startNatsServer({ folder: newFolder(), config: before.natsConfiguration() })
  try {
    const running = await connectWith(server.url, before.environmentOf('stock'))
    const rotated = prepare(folder, { change: { rotate: 'stock' } })
    await expect(connectWith(server.url, rotated.environmentOf('stock'))).rejects.toThrow(/authorization/i)
    await server.reload(rotated.natsConfiguration())
    const next = await connectWith(server.url, rotated.environmentOf('stock'))
    const late = await connectWith(server.url, before.environmentOf('stock'))
    await running.flush()
    const other = await connectWith(server.url, before.environmentOf('money'))
    await server.reload(prepare(folder, { change: { finish: true } }).natsConfiguration())
    // The server cuts off who still has the old key; the new one and other services stay.
    await Promise.all([running.closed(), late.closed()])
    await Promise.all([next.flush(), other.flush()])
    await expect(connectWith(server.url, before.environmentOf('stock'))).rejects.toThrow(/authorization/i)
    await Promise.all([next.close(), other.close()])
  } finally {
    await server.stop()
  }
})

withNats.test('events reach their readers across reloads, on the connections that were there', async () => {
  const folder = newFolder()
  const access = prepare(folder)
  const server = await startNatsServer({ folder: newFolder(), config: access.natsConfiguration() })
  const connected = (seed: string | undefined, inboxPrefix: string): Promise<NatsConnection> =>
    connect({
      servers: server.url,
      reconnect: false,
      inboxPrefix,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    })
  try {
    const seeds = JSON.parse(access.deployEnvironment.BANYAN_NATS_DEPLOY_SEEDS ?? '') as Record<string, string>
    const deploy = await connected(seeds.orders, '_INBOX.deploy')
    await (await jetstreamManager(deploy)).streams.add({
      name: 'shop-orders',
      subjects: ['shop.event.orders.*.*'],
      allow_direct: true,
      republish: { src: 'shop.event.orders.*.*', dest: 'shop.live.orders.{{wildcard(1)}}.{{wildcard(2)}}' },
    })
    const checkout = await connected(access.environmentOf('checkout').BANYAN_NATS_EVENTS_SEED, '_INBOX.checkout')
    const money = await connected(access.environmentOf('money').BANYAN_NATS_EVENTS_SEED, '_INBOX.money')
    const heard: string[] = []
    money.subscribe('shop.live.orders.*.*', { callback: (_error, message) => void heard.push(message.string()) })
    await money.flush()
    const goesThrough = async (text: string): Promise<void> => {
      await checkout.request('shop.event.orders.0.1', text)
      const wanted = JSON.stringify({ last_by_subj: 'shop.event.orders.0.1' })
      expect((await money.request('shop.stream.orders.direct', wanted)).string()).toBe(text)
      await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe(text)
    }
    await goesThrough('before')
    await server.reload(prepare(folder, { change: { rotate: 'stock' } }).natsConfiguration())
    await goesThrough('with two keys of another')
    await server.reload(prepare(folder, { change: { finish: true } }).natsConfiguration())
    await goesThrough('finished')
    // Each came once, whatever was imported again.
    expect(heard).toEqual(['before', 'with two keys of another', 'finished'])
    await Promise.all([deploy.close(), checkout.close(), money.close()])
  } finally {
    await server.stop()
  }
})
