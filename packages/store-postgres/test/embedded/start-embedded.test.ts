import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type EmbeddedOptions, type EmbeddedServer, embeddedAvailable, startEmbedded } from '@banyan/store-postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { preparedDatabase, query, runs, temporaryFolder } from './support.js'

async function start(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = await startEmbedded(options)
  onTestFinished(() => server.stop())
  return server
}

describe('an embedded server', () => {
  test('is made, keeps data over a stop, and frees its folder', async () => {
    expect(embeddedAvailable()).toBe(true)
    const dataDir = join(temporaryFolder(), 'data')
    const first = await start({ dataDir })
    expect(first).toMatchObject({ adopted: false, version: '18.4' })
    await query(first.connection, 'create table kept as select 42 as answer')
    await Promise.all([first.stop(), first.stop()])
    await first.stop()
    expect(await first.closed).toEqual({ reason: 'stopped' })
    expect(runs(first.pid)).toBe(false)

    const second = await start({ dataDir })
    expect(await query(second.connection, 'select answer from kept')).toEqual([{ answer: 42 }])
    expect(second.adopted).toBe(false)
  })

  test('keeps what it acknowledges: the settings of durability are on', async () => {
    const { connection } = await start({ dataDir: join(temporaryFolder(), 'data') })
    const names = [
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'data_checksums',
      'jit',
      'server_encoding',
      'autovacuum',
    ]
    const rows = await query(connection, `select name, setting from pg_settings where name in ('${names.join("','")}')`)
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      jit: 'off',
      server_encoding: 'UTF8',
      autovacuum: 'on',
    })
    const [database] = await query(connection, 'select datlocale, datlocprovider from pg_database limit 1')
    expect(database).toEqual({ datlocale: 'C.UTF-8', datlocprovider: 'b' })
  })

  test('takes replaced settings, and refuses those that say where it listens', async () => {
    const dataDir = await preparedDatabase()
    const { connection } = await start({ dataDir, settings: { fsync: 'off', application_name: "it's \\ here" } })
    expect(await query(connection, 'show fsync')).toEqual([{ fsync: 'off' }])
    await expect(startEmbedded({ dataDir, settings: { listen_addresses: '*', 'no name': 'x' } })).rejects.toMatchObject(
      {
        code: 'invalid-config',
        details: { problems: [{ where: 'settings.listen_addresses' }, { where: 'settings.no name' }] },
      },
    )
  })

  test('listens on a private socket only', async () => {
    const { connection } = await start({ dataDir: await preparedDatabase() })
    expect(statSync(connection.host).mode & 0o777).toBe(0o700)
    expect(await query(connection, 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
  })

  test('listens in a short folder when that of the data is too long for a socket', async () => {
    const folder = join(temporaryFolder(), 'a'.repeat(60), 'b'.repeat(60))
    mkdirSync(folder, { recursive: true })
    const server = await start({ dataDir: join(folder, 'data') })
    expect(server.connection.host.startsWith(folder)).toBe(false)
    expect(statSync(server.connection.host).mode & 0o777).toBe(0o700)
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
    expect(statSync(server.connection.host, { throwIfNoEntry: false })).toBeUndefined()
  })

  test.each(['socket', 'loopback'] as const)('lets nobody in without the right password over %s', async (transport) => {
    const { connection } = await start({ dataDir: await preparedDatabase(), transport })
    await query(connection, "create role orders login password 'of-orders'")
    await query(connection, "create role billing login password 'of-billing'")
    const orders = { ...connection, user: 'orders', password: 'of-orders' }
    expect(await query(orders, 'select current_user::text as name')).toEqual([{ name: 'orders' }])
    for (const wrong of [
      { ...connection, password: 'guessed' },
      { ...orders, user: 'billing' },
      { ...orders, user: 'postgres' },
      { ...orders, password: '' },
    ]) {
      await expect(query(wrong, 'select 1')).rejects.toThrow(/password/)
    }
    expect(connection.host === '127.0.0.1').toBe(transport === 'loopback')
  })

  test('keeps its password to its owner, and replaces one that was lost or does not fit', async () => {
    const dataDir = await preparedDatabase()
    const first = await start({ dataDir })
    const file = join(dataDir, 'password')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8').trim()).toBe(first.connection.password)
    await query(first.connection, 'create table kept as select 1 as one')
    await query(first.connection, "alter role postgres password 'changed behind our back'")
    await first.stop()

    const second = await start({ dataDir })
    expect(second.connection.password).not.toBe(first.connection.password)
    expect(await query(second.connection, 'select one from kept')).toEqual([{ one: 1 }])
    await second.stop()

    rmSync(file)
    const third = await start({ dataDir })
    expect(await query(third.connection, 'select one from kept')).toEqual([{ one: 1 }])
  })

  test('passes no secret of the environment to the server', async () => {
    process.env.BANYAN_TEST_SECRET = 'sesame'
    onTestFinished(() => {
      delete process.env.BANYAN_TEST_SECRET
    })
    const { pid, connection } = await start({ dataDir: await preparedDatabase() })
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('sesame')
    expect(dirname(connection.host)).not.toBe('')
  })
})
