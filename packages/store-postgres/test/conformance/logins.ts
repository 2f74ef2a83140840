import {
  createPostgresStore,
  migrateDatabase,
  ownSchemaSteps,
  preparePostgres,
  roleName,
  roleScript,
  type StoreLogins,
} from '@banyan/store-postgres'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ensurePromotionTables } from '../../src/promote/record.js'
import { olderTables } from './older.js'
import { asAdmin, type TestServer } from './server.js'
import { ambient, codeOf, newSpace, ordersModule, type Space, stockModule } from './space.js'

const modules = [ordersModule, stockModule]
const denied = '42501'

/** Roles belong to the whole server, so each test has an app of its own. */
const newApp = (): string => `app_${ambient.newId().slice(-8)}`

const loginsOf = (app: string): StoreLogins =>
  Object.fromEntries(
    modules.map(({ name }) => [name, { user: roleName(app, name), password: `secret of ${app} ${name}` }]),
  )

/** An admin without superuser, as managed servers give one. */
async function weakAdmin(space: Space): Promise<Space['connection']> {
  const name = `admin_${ambient.newId().replaceAll('-', '')}`
  await space.sql(`create role ${name} login createrole password 'secret'`)
  await space.sql(`grant create on database ${space.connection.database} to ${name}`)
  return { ...space.connection, user: name, password: 'secret' }
}

/** Somebody who is logged in as a module, by whatever client. */
async function loggedIn(space: Space, { user, password }: StoreLogins[string]): Promise<pg.Client> {
  const client = new pg.Client({ ...space.connection, user, password })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** Everything that an admin sees of the database and its roles, to tell whether anything was changed. */
const everything = (app: string): string => `
  select (select json_agg(r order by rolname) from pg_roles r where rolname like '${app}\\_%')::text as roles,
    (select json_agg((rolname, rolpassword) order by rolname) from pg_authid where rolname like '${app}\\_%')::text
      as passwords,
    (select json_agg((relname, relacl, relowner) order by oid) from pg_class where oid > 16383)::text as relations`

const problemsOf = async (opening: Promise<unknown>): Promise<readonly [string, string, string][]> => {
  const error = await opening.then(
    () => undefined,
    (failure: { code?: string; details?: { problems: { who: string; where: string; what: string }[] } }) => failure,
  )
  expect(error).toMatchObject({ code: 'store-not-prepared', retryable: false })
  return (error?.details?.problems ?? []).map(({ who, where, what }) => [who, where, what])
}

export function loginConformance(server: () => TestServer): void {
  describe('a store that knows the logins of modules only', () => {
    test('works on a prepared database, with an address that names no user, and changes nothing', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = await preparePostgres({ app, ambient, connection: space.connection }, modules)
      expect(logins).toMatchObject({ orders: { user: roleName(app, 'orders') }, stock: {} })
      const before = await space.sql(everything(app))
      const { host, port, database } = space.connection
      const store = await space.open({ connection: { host, port, database }, logins })
      await store.module('orders').unit().commit({ events: [] })
      await store.module('stock').reader.query({ text: 'select * from levels' })
      await store.check()
      expect(store.describe().version).toMatch(/^\d+\.\d+/)
      expect(await space.sql(everything(app))).toEqual(before)
      // As the modules, and nobody else.
      const users = await space.sql(
        "select distinct usename::text as name from pg_stat_activity where datname = $1 and application_name like 'banyan%' order by 1",
        [database],
      )
      expect(users).toEqual([{ name: roleName(app, 'orders') }, { name: roleName(app, 'stock') }])
    })

    test('tells of an empty database for all modules together, and makes nothing', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = loginsOf(app)
      expect(await problemsOf(space.open({ logins }))).toMatchObject([
        ['module orders', 'login', expect.stringContaining(`login of ${app}_orders was refused`)],
        ['module stock', 'login', expect.stringContaining(`login of ${app}_stock was refused`)],
      ])
      for (const [name, { user, password }] of Object.entries(logins)) {
        await space.sql(`create role ${user} login password '${password}'`)
        if (name === 'stock') await space.sql(`create schema stock authorization ${user}`)
      }
      expect(await problemsOf(space.open({ logins }))).toMatchObject([
        ['module orders', 'schema', expect.stringContaining('does not exist')],
        ['module stock', 'schema', expect.stringContaining('are missing')],
      ])
      expect(await space.sql("select tablename from pg_tables where schemaname in ('orders', 'stock')")).toEqual([])
    })

    test('tells of older tables, of pending and of unknown migrations, and of a role that may too much', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const bare = modules.map(({ name }) => ({ name }))
      const logins = await preparePostgres({ app, ambient, connection: space.connection }, bare)
      await space.sql('update stock.banyan_meta set version = 1')
      expect(await problemsOf(space.open({ logins }))).toMatchObject([
        ['module orders', 'migrations', '0001_tables.sql is not applied'],
        ['module stock', 'schema', expect.stringContaining('have version 1')],
      ])
      await preparePostgres({ app, ambient, connection: space.connection, logins }, [ordersModule]).catch(
        () => undefined,
      )
      await space.sql(`update stock.banyan_meta set version = ${ownSchemaSteps.length}; ${olderTables('stock', 2)}`)
      await preparePostgres({ app, ambient, connection: space.connection, logins }, modules)
      await space.sql("update orders.banyan_migrations set checksum = 'x'")
      await space.sql(`alter role ${app}_stock createrole`)
      expect(await problemsOf(space.open({ logins }))).toMatchObject([
        ['module orders, 0001_tables.sql', 'text', expect.stringContaining('checksum')],
        ['module stock', 'role', expect.stringContaining('may make other roles')],
      ])
    })

    test('a module without a login, and two with one, are refused before anything is asked', async () => {
      const login = { user: 'one', password: 'x' }
      const open = (logins: StoreLogins): Promise<void> =>
        createPostgresStore({ app: 'x', ambient, connection: server().connection, logins }).open(modules)
      await expect(open({ orders: login })).rejects.toThrow('No login of this module is known')
      await expect(open({ orders: login, stock: login })).rejects.toThrow('is that of module orders')
    })

    test('a server that is not there is one that may come back; a process without modules needs none', async () => {
      const connection = { host: '127.0.0.1', port: 1, database: 'nowhere' }
      const store = createPostgresStore({ app: 'x', ambient, connection, logins: loginsOf('x') })
      await expect(store.open(modules)).rejects.toMatchObject({ code: 'store-unreachable', retryable: true })
      expect(await codeOf(store.check())).toBe('unavailable')
      await store.open([])
      await store.check()
    })

    test('a password that was changed is not set again', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = await preparePostgres({ app, ambient, connection: space.connection }, modules)
      const store = await space.open({ logins })
      await space.sql(`alter role ${app}_stock password 'something else'`)
      expect(await codeOf(store.module('stock').reader.query({ text: 'select 1' }))).toBe('unavailable')
      expect(await problemsOf(space.open({ logins }))).toMatchObject([['module stock', 'login', expect.anything()]])
      // Who deploys sets it.
      await preparePostgres({ app, ambient, connection: space.connection, logins }, modules)
      await store.module('stock').reader.query({ text: 'select 1' })
    })

    test('data that was promoted away is told of to modules too', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = await preparePostgres({ app, ambient, connection: space.connection }, modules)
      await asAdmin(space.connection, ensurePromotionTables)
      await space.sql("insert into banyan_promotion.sources values ($1, 'id', 'there', 'promoted', 1)", [app])
      await expect(space.open({ logins })).rejects.toMatchObject({ code: 'promoted-away' })
    })
  })

  describe('the script of the roles', () => {
    test('is run by a role without superuser, again and again, and is all that a store needs but migrations', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const connection = await weakAdmin(space)
      const logins = loginsOf(app)
      const script = roleScript({ app, modules, logins })
      expect(script).not.toContain('secret of')
      expect(roleScript({ app, modules, logins })).toBe(script)
      for (let run = 0; run < 2; run++) await asAdmin(connection, (client) => client.query(script))
      const bare = modules.map(({ name }) => ({ name }))
      await (await space.open({ logins, modules: bare })).module('orders').unit().commit({ events: [] })
      expect(await problemsOf(space.open({ logins }))).toHaveLength(2)
      // `banyan db migrate` by the same admin.
      await migrateDatabase({ app, connection, modules, now: () => ambient.now() })
      await (await space.open({ logins })).module('stock').reader.query({ text: 'select * from levels' })
      await space.sql(`alter role ${app}_stock password 'something else'`)
      await asAdmin(connection, (client) => client.query(script))
      await space.open({ logins })
    })

    test('brings older tables up to date, and refuses newer ones and schemas of others as a whole', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = loginsOf(app)
      const script = roleScript({ app, modules, logins })
      const run = (): Promise<unknown> => asAdmin(space.connection, (client) => client.query(script))
      await run()
      await space.sql(`${olderTables('orders', 1)} alter role ${app}_stock createdb createrole nologin`)
      await run()
      expect(await space.sql('select version from orders.banyan_meta')).toEqual([{ version: ownSchemaSteps.length }])
      const mighty = `select rolcreatedb or rolcreaterole or not rolcanlogin as is from pg_roles where rolname = '${app}_stock'`
      expect(await space.sql(mighty)).toEqual([{ is: false }])
      await space.sql(`update stock.banyan_meta set version = 99; alter role ${app}_orders password 'kept'`)
      const password = `select rolpassword from pg_authid where rolname = '${app}_orders'`
      const kept = await space.sql(password)
      await expect(run()).rejects.toThrow('made by a newer Banyan')
      expect(await space.sql(password)).toEqual(kept)
      await space.sql('alter schema stock owner to current_user')
      await expect(run()).rejects.toThrow('The schema stock belongs to the role')
    })

    test('takes verifiers in place of passwords, and nothing else', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const [first, other] = [loginsOf(app), newApp()]
      await asAdmin(space.connection, (client) => client.query(roleScript({ app, modules, logins: first })))
      const rows = await space.sql(
        `select rolname, rolpassword from pg_authid where rolname like '${app}\\_%' order by 1`,
      )
      const logins = Object.fromEntries(
        modules.map(({ name }, index) => [
          name,
          { user: `${app}_${name}`, verifier: rows[index]?.rolpassword as string },
        ]),
      )
      expect(roleScript({ app, modules, logins })).toBe(roleScript({ app, modules, logins: first }))
      const verifier = "x'; drop schema orders; --"
      expect(() => roleScript({ app: other, modules: [ordersModule], logins: { orders: { verifier } } })).toThrow(
        'none of SCRAM-SHA-256',
      )
      expect(() => roleScript({ app: other, modules, logins: {} })).toThrow('No login of this module is known')
    })
  })

  describe('P8 somebody who is logged in as a module', () => {
    test.each(['the script', 'the admin'])('is refused everything that is not the module’s (by %s)', async (by) => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const connection = await weakAdmin(space)
      const logins = loginsOf(app)
      if (by === 'the script') await asAdmin(connection, (client) => client.query(roleScript({ app, modules, logins })))
      await preparePostgres({ app, ambient, connection, logins }, modules)
      const client = await loggedIn(space, logins.stock as StoreLogins[string])
      const [mine, other] = [`${app}_stock`, `${app}_orders`]
      const allowed: unknown[] = []
      for (const text of forbidden(mine, other, connection.user)) {
        const code = await client.query(text).then(
          () => 'done',
          (error: { code: string }) => error.code,
        )
        if (code !== denied) allowed.push([text, code])
      }
      expect(allowed).toEqual([])
      const who = 'select current_user::text as a, session_user::text as b'
      expect((await client.query(who)).rows).toEqual([{ a: mine, b: mine }])
    })

    test('ends backends of its own role, and of nobody else', async () => {
      const app = newApp()
      const space = await newSpace(server(), app)
      const logins = await preparePostgres({ app, ambient, connection: await weakAdmin(space) }, modules)
      const stock = await loggedIn(space, logins.stock as StoreLogins[string])
      const twin = await loggedIn(space, logins.stock as StoreLogins[string])
      const orders = await loggedIn(space, logins.orders as StoreLogins[string])
      const pidOf = async (client: pg.Client): Promise<number> =>
        (await client.query('select pg_backend_pid() as pid')).rows[0].pid
      const end = (pid: number): Promise<pg.QueryResult> =>
        stock.query('select pg_terminate_backend($1) as done', [pid])
      expect(await codeOf(end(await pidOf(orders)))).toBe(denied)
      await asAdmin(space.connection, async (admin) => expect(await codeOf(end(await pidOf(admin)))).toBe(denied))
      expect((await orders.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect((await end(await pidOf(twin))).rows).toEqual([{ done: true }])
    })
  })
}

/** What a module's role must not be able to do: each alone, on a connection that is the module's. */
function forbidden(mine: string, other: string, admin: string): readonly string[] {
  return [
    // Read and write what is another module's.
    'select * from orders.orders',
    'select * from orders.banyan_log',
    'insert into orders.orders (id) values (gen_random_uuid())',
    'delete from orders.banyan_leases',
    'select orders.banyan_incarnation()',
    'do $$ begin lock table orders.banyan_lanes; end $$',
    // Become somebody else.
    `set role ${other}`,
    `set role ${admin}`,
    `set session authorization ${other}`,
    `grant ${other} to ${mine}`,
    `grant ${admin} to ${mine}`,
    'grant pg_read_all_data to current_user',
    'grant pg_signal_backend to current_user',
    // Make objects elsewhere.
    'create table orders.mine (a int)',
    'create table public.mine (a int)',
    "create function public.mine() returns int language sql as 'select 1'",
    'create schema mine',
    'create database mine',
    'create role mine',
    'create extension dblink',
    'create publication mine for all tables',
    // Get more than was given.
    `alter role ${mine} createrole`,
    `alter role ${mine} createdb`,
    `alter role ${mine} superuser`,
    `alter role ${mine} bypassrls`,
    `alter role ${other} password null`,
    `alter role ${other} set search_path = public`,
    `drop role ${other}`,
    `grant usage on schema orders to ${mine}`,
    'alter schema orders rename to mine',
    'drop schema orders cascade',
    "alter system set log_statement = 'all'",
    'select pg_reload_conf()',
    // See what is the server's.
    'select * from pg_authid',
    "select pg_read_file('postgresql.conf')",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/mine'",
  ]
}
