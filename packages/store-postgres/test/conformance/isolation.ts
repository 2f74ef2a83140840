import { createPostgresStore, ownSchemaSteps } from '@banyan/store-postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { olderTables } from './older.js'
import type { TestServer } from './server.js'
import { ambient, codeOf, newSpace, ordersModule, stockModule } from './space.js'

const denied = '42501'

export function isolationConformance(server: () => TestServer): void {
  describe('P8 a module’s data belongs to the module', () => {
    test('another module’s role is refused by PostgreSQL', async () => {
      const space = await newSpace(server(), 'isolated')
      const store = await space.open()
      const stock = store.module('stock')
      const attempts = [
        'select * from orders.orders',
        'select * from orders.banyan_log',
        'select * from orders.banyan_inbox',
        'insert into orders.orders (id) values (gen_random_uuid())',
        'select orders.banyan_incarnation()',
        'create table orders.mine (a int)',
        'create table public.mine (a int)',
        'create schema mine',
        'create role mine',
        'alter role isolated_orders password null',
        'grant isolated_orders to isolated_stock',
        'drop schema orders cascade',
      ]
      for (const text of attempts) {
        const unit = stock.unit()
        expect([text, await codeOf(unit.query({ text }))]).toEqual([text, denied])
        await unit.rollback()
      }
      // Whoever is logged in as the role, by whatever client.
      await space.sql("alter role isolated_stock password 'known'")
      const client = new pg.Client({ ...space.connection, user: 'isolated_stock', password: 'known' })
      await client.connect()
      for (const text of ['set role isolated_orders', 'set session authorization isolated_orders']) {
        expect([text, await codeOf(client.query(text))]).toEqual([text, denied])
      }
      await client.query('reset role; reset session authorization')
      const { rows } = await client.query('select current_user::text as a, session_user::text as b')
      expect(rows).toEqual([{ a: 'isolated_stock', b: 'isolated_stock' }])
      expect(await codeOf(client.query('select * from orders.orders'))).toBe(denied)
      await client.end()
    })

    test('the role of a module is no superuser, and has a password that nobody can guess', async () => {
      const space = await newSpace(server(), 'isolated')
      await space.open()
      const roles = await space.sql(
        `select rolname, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as mighty
         from pg_roles where rolname like 'isolated\\_%' order by 1`,
      )
      expect(roles).toEqual([
        { rolname: 'isolated_orders', mighty: false },
        { rolname: 'isolated_stock', mighty: false },
      ])
      const verifiers = await space.sql("select rolpassword from pg_authid where rolname like 'isolated\\_%'")
      for (const { rolpassword } of verifiers) expect(rolpassword).toMatch(/^SCRAM-SHA-256\$/)
      for (const password of ['isolated_orders', 'market', space.connection.password]) {
        const client = new pg.Client({ ...space.connection, user: 'isolated_orders', password })
        expect(await codeOf(client.connect())).toBe('28P01')
        await client.end()
      }
    })

    test('a password that was changed is set again, and the process goes on', async () => {
      const space = await newSpace(server(), 'isolated')
      const lines: string[] = []
      const store = await space.open({ log: (line) => lines.push(line.message) })
      await space.sql("alter role isolated_stock password 'something else'")
      const answers = await Promise.all(
        Array.from({ length: 3 }, () => store.module('stock').reader.query({ text: 'select 1 as one' })),
      )
      expect(answers.map((one) => one.rows)).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]])
      expect(lines.filter((line) => line.includes('login of a role was refused'))).toHaveLength(1)
    })

    test('an admin that is no superuser is enough', async () => {
      const space = await newSpace(server(), 'managed')
      const name = `admin_${ambient.newId().replaceAll('-', '')}`
      await space.sql(`create role ${name} login createrole password 'secret'`)
      await space.sql(`grant create on database ${space.connection.database} to ${name}`)
      const app = `app_${ambient.newId().slice(-8)}`
      const connection = { ...space.connection, user: name, password: 'secret' }
      const store = await space.open({ app, connection })
      const again = await space.open({ app, connection })
      await again.module('orders').unit().commit({ events: [] })
      await store.module('orders').reader.query({ text: 'select * from orders' })
      const owners = await space.sql("select distinct tableowner from pg_tables where schemaname = 'orders'")
      expect(owners).toEqual([{ tableowner: `${app}_orders` }])
      await space.sql(`alter role ${app}_stock password 'something else'`)
      const third = await space.open({ app, connection })
      await third.module('stock').reader.query({ text: 'select * from levels' })
    })
  })

  describe('opening', () => {
    test('says what is missing for all modules together, and keeps passwords to itself', async () => {
      const space = await newSpace(server(), 'weak')
      const name = `weak_${ambient.newId().replaceAll('-', '')}`
      await space.sql(`create role ${name} login password 'hidden-secret'`)
      await space.sql('create schema stock')
      const connection = { ...space.connection, user: name, password: 'hidden-secret' }
      const failure = await space.open({ app: 'none', connection }).then(
        () => undefined,
        (error: Error) => error,
      )
      expect(failure).toMatchObject({ code: 'store-privileges' })
      for (const part of ['module orders', 'module stock', 'may not create it', 'belongs to the role']) {
        expect(failure?.message).toContain(part)
      }
      const wrong = { ...space.connection, password: 'hidden-secret' }
      const refused = await space.open({ connection: wrong }).then(
        () => undefined,
        (error: Error) => error,
      )
      expect(refused).toMatchObject({ code: 'store-unreachable', retryable: true })
      expect(`${failure?.message}${refused?.message}`).not.toContain('hidden-secret')
    })

    test('names that meet in the database are refused before anything is made', async () => {
      const space = await newSpace(server())
      const modules = [{ name: 'orderItems' }, { name: 'order-items' }, { name: 'public' }]
      await expect(space.open({ modules })).rejects.toMatchObject({
        code: 'invalid-app',
        details: { problems: [{ who: 'module order-items' }, { who: 'module public' }] },
      })
    })

    test('an address where nothing answers', async () => {
      const store = createPostgresStore({
        app: 'x',
        ambient,
        connection: { connectionString: 'postgres://u:p4ss@127.0.0.1:1/nowhere' },
      })
      const failure = await store.open([]).then(
        () => undefined,
        (error: Error) => error,
      )
      expect(failure).toMatchObject({ code: 'store-unreachable' })
      expect(failure?.message).toContain('127.0.0.1:1/nowhere')
      expect(failure?.message).not.toContain('p4ss')
      expect(store.describe()).toMatchObject({ kind: 'server', target: '127.0.0.1:1/nowhere' })
    })

    test('processes that start together make everything once', async () => {
      const space = await newSpace(server(), `together_${ambient.newId().slice(-8)}`)
      const stores = await Promise.all(Array.from({ length: 4 }, () => space.open()))
      await Promise.all(stores.map((store) => store.module('stock').unit().commit({})))
      expect(await space.sql('select version from orders.banyan_meta')).toEqual([{ version: ownSchemaSteps.length }])
      expect(stores[0]?.describe().version).toMatch(/^\d+\.\d+/)
      expect(() => stores[0]?.module('nobody')).toThrow('No module nobody')
      await stores[0]?.check()
    })

    test('tables of an older Banyan are brought up to date, with what is in them', async () => {
      const space = await newSpace(server())
      const job = { id: ambient.newId(), module: 'stock', operation: 'count', input: '{}', runAt: 1, context: '{}' }
      await (await space.open())
        .module('orders')
        .unit()
        .commit({ jobs: [job] })
      for (const schema of ['orders', 'stock']) await space.sql(olderTables(schema, 1))
      const orders = (await space.open()).module('orders')
      await orders.unit().commit({ jobs: [{ ...job, id: ambient.newId() }] })
      expect(await orders.jobs.list(9)).toHaveLength(2)
      expect(await space.sql('select version from orders.banyan_meta')).toEqual([{ version: ownSchemaSteps.length }])
    })

    test('tables of a newer Banyan are left alone', async () => {
      const space = await newSpace(server())
      await space.open({ modules: [ordersModule] })
      await space.sql('update orders.banyan_meta set version = 99')
      await expect(space.open({ modules: [ordersModule, stockModule] })).rejects.toThrow('made by a newer Banyan')
    })
  })
}
