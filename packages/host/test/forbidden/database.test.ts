import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newFolder, prepare } from '../access/shop-access.js'

/*
 * What a process may not do in the database, tried with the logins of its service and a bare client: PostgreSQL refuses
 * it. The script of roles was run by an admin without superuser. For each attempt the control shows that the statement
 * works for who may: the owner, or a superuser, in a transaction that is rolled back.
 */
describe('the database', () => {
  const denied = '42501'
  const folder = mkdtempSync('/var/tmp/ban-forbidden-')
  const dataDir = join(folder, 'data')
  let server: Awaited<ReturnType<typeof startEmbedded>>
  let superuser: pg.Client
  let payments: pg.Client
  let orders: pg.Client
  const open: pg.Client[] = []

  const connected = async (login: { user?: string; password?: string } = {}): Promise<pg.Client> => {
    const client = new pg.Client({ ...server.connection, database: 'shop', ...login })
    client.on('error', () => undefined)
    await client.connect()
    open.push(client)
    return client
  }

  beforeAll(async () => {
    server = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
    const maker = new pg.Client(server.connection)
    await maker.connect()
    await maker.query("create role deployer login createrole password 'weak'")
    await maker.query('create database shop')
    await maker.query('grant create on database shop to deployer')
    await maker.end()
    const access = prepare(newFolder())
    const deployer = await connected({ user: 'deployer', password: 'weak' })
    await deployer.query(access.roleScript)
    // May be run again, with every release.
    await deployer.query(access.roleScript)
    const loginOf = (service: string, module: string): { user: string; password: string } =>
      JSON.parse(access.environmentOf(service).BANYAN_STORE_LOGINS ?? '')[module]
    superuser = await connected()
    payments = await connected(loginOf('money', 'payments'))
    orders = await connected(loginOf('checkout', 'orders'))
    await orders.query('create table orders.secrets (id int); insert into orders.secrets values (7)')
    await payments.query('create table payments.own (id int)')
  })
  afterAll(async () => {
    for (const client of open) await client.end()
    await server.stop()
    await removeEmbedded(dataDir)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  const codeOf = (client: pg.Client, statement: string): Promise<string> =>
    client.query(statement).then(
      () => 'done',
      (error: { code?: string }) => error.code ?? String(error),
    )

  async function tried(client: pg.Client, statement: string): Promise<string> {
    await client.query('begin')
    const code = await codeOf(client, statement)
    await client.query('rollback')
    return code
  }

  async function refuses(statement: string, control: pg.Client): Promise<void> {
    expect([statement, await tried(payments, statement)]).toEqual([statement, denied])
    expect([statement, await tried(control, statement)]).toEqual([statement, 'done'])
  }

  test('a module works in its own schema: nothing below is refused because everything is', async () => {
    expect(await codeOf(payments, 'insert into payments.own values (1)')).toBe('done')
    expect((await orders.query('select id from orders.secrets')).rows).toEqual([{ id: 7 }])
  })

  test.each([
    'select * from orders.secrets',
    'select * from orders.banyan_log',
    'insert into orders.secrets values (1)',
    'update orders.secrets set id = 8',
    'delete from orders.banyan_lanes',
    'truncate orders.secrets',
    'drop table orders.secrets',
    'alter table orders.secrets add column more int',
    'lock table orders.banyan_lanes in access exclusive mode',
    'create table orders.mine (id int)',
    'create view payments.look as select * from orders.secrets',
    'copy orders.secrets to stdout',
    'grant select on orders.secrets to public',
  ])('keeps the data of another module: %s', (statement) =>
    refuses(statement, statement.startsWith('create view') ? superuser : orders),
  )

  test.each([
    'set role shop_orders',
    'set session authorization shop_orders',
    'grant shop_orders to shop_payments',
    "alter role shop_orders password 'mine'",
    'alter role shop_payments superuser',
    'alter role shop_payments createrole',
    'create role mine',
    'drop owned by shop_orders',
    'select * from pg_authid',
  ])('lets nobody become another: %s', (statement) => refuses(statement, superuser))

  test.each([
    'create schema mine',
    'create table public.mine (id int)',
    'alter database shop set work_mem = 64',
    "select pg_read_file('postgresql.conf')",
    "copy payments.own to program 'cat'",
    'select pg_reload_conf()',
  ])('lets nobody out of its schema: %s', (statement) => refuses(statement, superuser))

  test('nobody ends the sessions of another, or reads their statements', async () => {
    const [{ pid }] = (await orders.query('select pg_backend_pid() as pid')).rows
    await refuses(`select pg_cancel_backend(${pid})`, superuser)
    const seen = await payments.query('select query from pg_stat_activity where pid = $1', [pid])
    expect(seen.rows).toEqual([{ query: '<insufficient privilege>' }])
    expect((await superuser.query('select query from pg_stat_activity where pid = $1', [pid])).rows).toEqual([
      { query: 'select pg_backend_pid() as pid' },
    ])
  })

  test('nobody logs in with the password of another module', async () => {
    const { password } = payments as unknown as { password: string }
    await expect(connected({ user: 'shop_orders', password })).rejects.toMatchObject({ code: '28P01' })
    await expect(connected({ user: 'deployer', password })).rejects.toMatchObject({ code: '28P01' })
    const again = await connected({ user: 'shop_payments', password })
    expect((await again.query('select current_user as user')).rows).toEqual([{ user: 'shop_payments' }])
  })
})
