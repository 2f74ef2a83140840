import { createAmbient } from '@banyan/ambient'
import { type BanyanError, isBanyanError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { skipUnless } from '../../../../tools/vitest/skip-unless.js'
import { createPostgresStore } from '../../src/create-store.js'
import { type PromoteOptions, type PromoteProgress, promote } from '../../src/promote/promote.js'
import { checkPromotion, forgetPromotion } from '../../src/promote/state.js'
import { type Cluster, hasDebian, noDebian, startCluster } from '../migrate/cluster.js'
import { app, connectionTo, countShop, fillShop, freshShop, installShop, makeDatabase, shopModules } from './shop.js'

for (const version of ['15', '18'] as const) {
  const { describe } = skipUnless(version === '18' || hasDebian, noDebian)
  describe(`promotion from 18 to ${version}`, () => suite(version))
}

function suite(version: '15' | '18'): void {
  let from: Cluster
  let to: Cluster
  let modules: readonly StoreModule[] = []
  let remove: () => void = () => undefined
  let options: PromoteOptions
  let open: Client[] = []

  beforeAll(async () => {
    from = await startCluster('18')
    to = await startCluster(version)
    const made = shopModules()
    modules = made.modules
    remove = made.remove
    await installShop(from, 'filled', modules)
    const client = await from.connect('filled')
    await fillShop(client, 300)
    await client.end()
  })
  afterAll(async () => {
    remove()
    await from?.stop()
    await to?.stop()
  })
  beforeEach(async () => {
    await freshShop(from, to)
    const ambient = createAmbient()
    options = { source: connectionTo(from, 'shop'), target: connectionTo(to, 'shop'), app, modules, ambient }
  })
  afterEach(async () => {
    for (const client of open) await client.end()
    open = []
  })

  async function connect(cluster: Cluster): Promise<Client> {
    const client = await cluster.connect('shop')
    open.push(client)
    return client
  }

  async function refusal(work: Promise<unknown>): Promise<BanyanError> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (isBanyanError(error)) return error
    throw error ?? new Error('nothing was refused')
  }

  it('moves everything, and tells how far it is', async () => {
    const progress: PromoteProgress[] = []
    const result = await promote({ ...options, onProgress: (step) => progress.push(step) })
    expect(result).toMatchObject({ alreadyDone: false, resumed: false })
    const [source, target] = [await connect(from), await connect(to)]
    expect(await countShop(target)).toEqual({ ...(await countShop(source)) })
    expect(result.tables.find(({ table }) => table === 'orders.banyan_log')).toEqual({
      table: 'orders.banyan_log',
      rows: 19_200,
      copied: true,
    })
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['check', 'prepare', 'copy', 'finish'])
    const last = progress.at(-1) as PromoteProgress
    expect(last.tablesDone).toBe(last.tablesTotal)
    expect(last.table).toBeUndefined()
    expect(last.bytes).toBeGreaterThan(8_000_000)
    const text = 'select c::text as row from orders.customers c order by id'
    expect((await target.query(text)).rows).toEqual((await source.query(text)).rows)
  })

  it('leaves the target as its migrations and its owners would have it', async () => {
    await promote(options)
    const target = await connect(to)
    await target.query('set search_path = orders')
    const own = await target.query("insert into customers (name) values ('new') returning id > 300 as later")
    expect(own.rows).toEqual([{ later: true }])
    await expect(target.query('insert into orders (customer) values (-1)')).rejects.toThrow('foreign key')
    const owners = await target.query("select distinct tableowner from pg_tables where schemaname = 'orders'")
    expect(owners.rows).toEqual([{ tableowner: 'shop_orders' }])
    const triggers = await target.query(
      "select tgname, tgenabled from pg_trigger where tgrelid = 'orders'::regclass and not tgisinternal order by 1",
    )
    expect(triggers.rows).toEqual([
      { tgname: 'asleep', tgenabled: 'D' },
      { tgname: 'noted', tgenabled: 'O' },
    ])
    const keys = "select count(*)::int from pg_constraint where contype = 'f' and conparentid = 0"
    expect((await target.query(keys)).rows).toEqual((await (await connect(from)).query(keys)).rows)
    // The next start finds nothing to do and no drift.
    const { migrationStatus } = await import('../../src/migrate/status.js')
    const { readMigrations } = await import('../../src/migrate/read.js')
    const migrations = readMigrations(modules[0]?.migrations ?? '')
    const status = await migrationStatus({ client: target, schema: 'orders', module: 'orders', migrations })
    expect(status).toMatchObject({ problems: [], drift: [] })
  })

  it('lets subscriptions go on, and ends leases but not their epochs (P5)', async () => {
    await promote(options)
    const target = await connect(to)
    await target.query('set search_path = orders')
    const heads = await target.query('select banyan_incarnation() as is')
    expect(heads.rows[0]?.is).toMatch(/^11111111-1111-4111-8111-111111111111:/)
    const progress = await target.query(
      'select incarnation, count(*)::int from billing.banyan_progress group by 1 order by 2',
    )
    expect(progress.rows).toEqual([
      { incarnation: 'another log', count: 1 },
      { incarnation: heads.rows[0]?.is, count: 63 },
    ])
    const leases = await target.query('select epoch, owner_pid, renewed_at from orders.banyan_leases')
    expect(leases.rows).toEqual([{ epoch: '9', owner_pid: null, renewed_at: null }])
  })

  it('is what a start of the app asks: the source is refused, the target opens', async () => {
    await promote(options)
    const store = (connection: PromoteOptions['source']) =>
      createPostgresStore({ app, connection, ambient: createAmbient() })
    const old = store(options.source)
    expect((await refusal(old.open(modules))).code).toBe('promoted-away')
    await old.close()
    const moved = store(options.target)
    await moved.open(modules)
    const { incarnation, positions } = await moved.module('orders').log.heads()
    expect(incarnation).toMatch(/^11111111-1111-4111-8111-111111111111:0/)
    expect(positions).toEqual(Array.from({ length: 64 }, () => 300))
    const progress = await moved.module('billing').subscriptions.progress({ subscription: 'on', source: 'orders' })
    expect(progress.filter((lane) => lane.incarnation === incarnation)).toHaveLength(63)
    await moved.close()
  })

  it('needs no superuser on the target', async () => {
    const admin = await connect(to)
    await admin.query('drop role if exists manager')
    await admin.query('create role manager login createrole; grant create on database shop to manager')
    await admin.query('drop role if exists shop_orders, shop_billing')
    await promote({ ...options, target: { ...connectionTo(to, 'shop'), user: 'manager' } })
    expect(await countShop(admin)).toEqual(await countShop(await connect(from)))
  })

  // What is checked before or without the server's help needs one version only.
  if (version === '18' && hasDebian) return

  it('refuses a target that is not empty, and leaves both sides alone', async () => {
    const target = await connect(to)
    await target.query('create schema orders; create table orders.mine ()')
    const error = await refusal(promote(options))
    expect(error.code).toBe('promote-target-not-empty')
    await target.query('drop table orders.mine')
    expect((await refusal(promote(options))).message).toContain('schema orders belongs to the role postgres')
    await target.query('drop schema orders cascade')
    await installShop(to, 'shop', modules).catch(() => undefined)
    const full = await refusal(promote(options))
    expect(full.code).toBe('promote-target-not-empty')
    expect(full.message).toContain('already holds data in schema billing')
    await checkPromotion(await connect(from), app)
  })

  it('refuses while another process uses the source', async () => {
    const { default: pg } = await import('pg')
    const user = new pg.Client({ ...options.source, user: 'shop_orders', application_name: 'banyan orders' } as object)
    await user.connect()
    const error = await refusal(promote(options))
    expect(error.message).toMatch(/The source of the promotion is in use: shop_orders \(banyan orders, backend \d+\)/)
    await user.end()
  })

  it('refuses a source whose schema drifted, and large objects', async () => {
    const source = await connect(from)
    await source.query('create table orders.extra ()')
    expect((await refusal(promote(options))).code).toBe('schema-drift')
    await source.query('drop table orders.extra; select lo_create(0)')
    expect((await refusal(promote(options))).message).toContain('large objects')
  })

  it('applies only what the source had applied; the rest is for the next start', async () => {
    const { writeFileSync, rmSync } = await import('node:fs')
    const later = `${modules[0]?.migrations}/9_later.sql`
    writeFileSync(later, 'create table later ()')
    try {
      await promote(options)
    } finally {
      rmSync(later)
    }
    const target = await connect(to)
    expect((await target.query("select to_regclass('orders.later') as later")).rows).toEqual([{ later: null }])
  })

  it('marks the source, which then refuses to start until told to forget', async () => {
    const [source, target] = [await connect(from), await connect(to)]
    await promote(options)
    const away = await refusal(checkPromotion(source, app))
    expect(away.code).toBe('promoted-away')
    expect(away.message).toContain(`was promoted to ${to.folder} (socket, port 5432), database shop on 20`)
    await checkPromotion(target, app)
    expect((await promote(options)).alreadyDone).toBe(true)
    await makeDatabase(from, 'elsewhere')
    const other = { ...options, target: connectionTo(from, 'elsewhere') }
    expect((await refusal(promote(other))).code).toBe('promoted-away')
    expect(await forgetPromotion(source, app)).toBe(true)
    await checkPromotion(source, app)
    expect(await forgetPromotion(source, app)).toBe(false)
  })

  it('says so when a copied table is not equal', async () => {
    const source = await connect(from)
    // A trigger that only the target has spoils the rows as they come.
    const ambient = createAmbient({
      async reached(point) {
        if (point !== 'promote:target-shaped') return
        const target = await connect(to)
        await target.query(`create function orders.spoil() returns trigger language plpgsql as 'begin new.what = ''spoilt''; return new; end';
          create trigger spoil before insert on orders.audit for each row execute function orders.spoil()`)
      },
    })
    const error = await refusal(promote({ ...options, ambient }))
    expect(error.code).toBe('promote-mismatch')
    expect(error.details).toMatchObject({ table: 'orders.audit' })
    const target = await connect(to)
    await target.query('drop function orders.spoil() cascade')
    expect(await promote(options)).toMatchObject({ resumed: true })
    expect(await countShop(target)).toEqual(await countShop(source))
  })
}
