import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBanyanError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type DatabaseOptions,
  databasePlan,
  databaseStatus,
  databaseSum,
  migrateDatabase,
} from '../../src/migrate/database.js'
import { type Cluster, startCluster, writeMigrations } from './cluster.js'

const now = (): number => 1_700_000_000_000

describe('migrations of a whole app, for tools', () => {
  let cluster: Cluster
  let options: DatabaseOptions
  let folder = ''
  let remove: () => void = () => undefined

  beforeAll(async () => {
    cluster = await startCluster('18')
  })
  afterAll(async () => {
    remove()
    await cluster?.stop()
  })
  beforeEach(async () => {
    remove()
    const made = writeMigrations((root) => {
      for (const module of ['orders', 'billing']) {
        mkdirSync(join(root, module))
        writeFileSync(join(root, module, '0001_first.sql'), `create table ${module}_items (id int primary key)`)
      }
    })
    remove = made.remove
    folder = made.folder
    const admin = await cluster.connect()
    await admin.query('drop database if exists app with (force)')
    await admin.query('create database app')
    await admin.end()
    const modules: StoreModule[] = ['orders', 'billing'].map((name) => ({ name, migrations: join(folder, name) }))
    const connection = { host: cluster.folder, port: 5432, user: 'postgres', database: 'app' }
    options = { app: 'shop', connection, modules: [...modules, { name: 'bare' }] }
  })

  it('tells, plans and applies, from an empty database on', async () => {
    const before = await databaseStatus(options)
    expect(before.map(({ module, migrations }) => [module, migrations.map(({ state }) => state)])).toEqual([
      ['orders', ['pending']],
      ['billing', ['pending']],
      ['bare', []],
    ])
    const plan = await databasePlan(options)
    expect(plan.map(({ schema, pending }) => [schema, pending.length])).toEqual([
      ['orders', 1],
      ['billing', 1],
      ['bare', 0],
    ])
    const done = await migrateDatabase({ ...options, now })
    expect(done.map(({ module, applied }) => [module, applied.map(({ file }) => file)])).toEqual([
      ['orders', ['0001_first.sql']],
      ['billing', ['0001_first.sql']],
      ['bare', []],
    ])
    const after = await databaseStatus(options)
    expect(after.flatMap(({ migrations, problems }) => [...migrations.map(({ state }) => state), ...problems])).toEqual(
      ['applied', 'applied'],
    )
    const client = await cluster.connect('app')
    const owners = await client.query("select tableowner from pg_tables where tablename like '%_items' order by 1")
    expect(owners.rows).toEqual([{ tableowner: 'shop_billing' }, { tableowner: 'shop_orders' }])
    await client.end()
  })

  it('takes drift over when told to', async () => {
    await migrateDatabase({ ...options, now })
    const client = await cluster.connect('app')
    await client.query('create index by_hand on orders.orders_items (id)')
    await client.end()
    const refused = await migrateDatabase({ ...options, now }).catch((error: unknown) => error)
    expect(isBanyanError(refused, 'schema-drift')).toBe(true)
    writeFileSync(
      join(folder, 'orders', '0002_taken_over.sql'),
      'create index if not exists by_hand on orders_items (id)',
    )
    const accepted = await migrateDatabase({ ...options, now, drift: 'accept' })
    expect(accepted[0]?.drift.map(({ part }) => part)).toEqual(['index by_hand'])
    expect((await databaseStatus(options)).flatMap(({ problems }) => problems)).toEqual([])
    expect(await databaseSum({ ...options, now })).toEqual([])
  })

  it('sums the steps up before anything was ever applied', async () => {
    expect(await databaseSum({ ...options, now })).toEqual([])
    writeFileSync(join(folder, 'billing', '0002_wrong.sql'), 'alter table orders_items add note text')
    expect(await databaseSum({ ...options, now })).toMatchObject([{ who: 'module billing', where: '0002_wrong.sql:1' }])
    const client = await cluster.connect('app')
    const left = await client.query("select datname from pg_database where datname like 'banyan%'")
    expect(left.rows).toEqual([])
    await client.end()
  })
})
