import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BanyanError, isBanyanError } from '@banyan/errors'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { skipUnless } from '../../../../tools/vitest/skip-unless.js'
import { type ApplyOptions, applyMigrations } from '../../src/migrate/apply.js'
import { type Migration, readMigrations } from '../../src/migrate/read.js'
import { migrationStatus, planMigrations } from '../../src/migrate/status.js'
import { verifySum } from '../../src/migrate/sum.js'
import { type Cluster, hasDebian, noDebian, startCluster, writeMigrations } from './cluster.js'

const start = 1_700_000_000_000

for (const version of ['18', '15'] as const) {
  const { describe } = skipUnless(version === '18' || hasDebian, noDebian)
  describe(`migrations on PostgreSQL ${version}`, () => suite(version))
}

function suite(version: '15' | '18'): void {
  let cluster: Cluster
  let client: Client
  let serial = 0
  let schema = ''
  let clean: (() => void)[] = []

  beforeAll(async () => {
    cluster = await startCluster(version)
    const admin = await cluster.connect()
    await admin.query('create role orders login')
    await admin.query('create role other login')
    await admin.end()
  })
  afterAll(() => cluster?.stop())
  beforeEach(async () => {
    schema = `orders_${++serial}`
    const admin = await cluster.connect()
    await admin.query(`create schema ${schema} authorization orders`)
    await admin.end()
    client = await connectAs()
  })
  afterEach(async () => {
    await client.end()
    for (const step of clean) step()
    clean = []
  })

  async function connectAs(): Promise<Client> {
    const { default: pg } = await import('pg')
    const made = new pg.Client({ ...cluster.config(), user: 'orders', options: `-c search_path=${schema}` })
    made.on('error', () => undefined)
    await made.connect()
    return made
  }

  function files(contents: Record<string, string>): readonly Migration[] {
    const made = writeMigrations((folder) => {
      for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text)
    })
    clean.push(made.remove)
    return readMigrations(made.folder)
  }

  const options = (migrations: readonly Migration[], more: Partial<ApplyOptions> = {}): ApplyOptions => ({
    client,
    schema,
    module: 'orders',
    migrations,
    now: () => start,
    ...more,
  })

  async function refusal(work: Promise<unknown>): Promise<BanyanError> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (isBanyanError(error)) return error
    throw error ?? new Error('nothing was refused')
  }

  const first = {
    '0001_orders.sql': 'create table orders (id uuid primary key, total bigint not null check (total >= 0));',
  }
  const second = {
    '0002_lines.sql':
      'create table lines (order_id uuid references orders (id), sku text);\ncreate index on lines (sku);',
  }

  it('applies each once, in order, and remembers them', async () => {
    const migrations = files({ ...second, ...first })
    const result = await applyMigrations(options(migrations))
    expect(result.applied.map(({ number }) => number)).toEqual([1, 2])
    const { rows } = await client.query(
      'select number, name, checksum, applied_at, duration_ms from banyan_migrations order by 1',
    )
    expect(rows).toEqual([
      { number: 1, name: 'orders', checksum: migrations[0]?.checksum, applied_at: new Date(start), duration_ms: 0 },
      { number: 2, name: 'lines', checksum: migrations[1]?.checksum, applied_at: new Date(start), duration_ms: 0 },
    ])
    expect((await applyMigrations(options(migrations))).applied).toEqual([])
  })

  it('needs one round trip when there is nothing to do', async () => {
    const migrations = files(first)
    await applyMigrations(options(migrations))
    let sent = 0
    const counted = (text: string) => {
      sent++
      return client.query(text)
    }
    const counting = new Proxy(client, {
      get: (target, name) => {
        if (name === 'query') return counted
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await applyMigrations(options(migrations, { client: counting }))
    expect(sent).toBe(1)
  })

  it('refuses an edited file', async () => {
    await applyMigrations(options(files(first)))
    const edited = files({ '0001_orders.sql': `${first['0001_orders.sql']} -- edited` })
    const error = await refusal(applyMigrations(options(edited)))
    expect(error.code).toBe('migration-edited')
    expect(error.message).toContain('Migration 0001_orders.sql of orders was changed after it had been applied')
  })

  it('refuses a missing file and a number that comes too late, and tells of both', async () => {
    await applyMigrations(options(files({ ...first, '0003_more.sql': 'create table more ()' })))
    const error = await refusal(applyMigrations(options(files({ ...first, ...second }))))
    expect(error.code).toBe('migration-missing')
    expect(error.message).toContain('Migration 0003_more.sql of orders has been applied, but the file is gone')
    const problems = (error.details as { problems: { who: string; remedy: string }[] }).problems
    expect(problems.map(({ who }) => who)).toEqual(['0003_more.sql', '0002_lines.sql'])
    const late = await refusal(
      applyMigrations(options(files({ ...first, ...second, '0003_more.sql': 'create table more ()' }))),
    )
    expect(late.code).toBe('migration-order')
    expect(late.message).toContain(
      'Migration 0002_lines.sql of orders comes before 0003_more.sql, which has been applied',
    )
    expect(late.message).toContain('Give it the next free number, 0004.')
  })

  it('says where a statement failed and what PostgreSQL says, and keeps nothing of that migration', async () => {
    const bad = { '0002_bad.sql': "create table kept_not ();\n\n-- a comment\nselect 'ü',\n  totl from orders;" }
    const error = await refusal(applyMigrations(options(files({ ...first, ...bad }))))
    expect(error.code).toBe('migration-failed')
    expect(error.message).toContain(
      'Migration 0002_bad.sql of orders failed: line 5, column 3: column "totl" does not exist (42703)',
    )
    expect(error.message).toContain('Hint: Perhaps you meant to reference the column "orders.total".')
    expect(error.details).toMatchObject({ file: '0002_bad.sql', line: 5, column: 3, sqlState: '42703' })
    expect(
      (await client.query("select to_regclass('kept_not') as kept, to_regclass('orders') as orders")).rows,
    ).toEqual([{ kept: null, orders: 'orders' }])
    expect(
      (await applyMigrations(options(files({ ...first, ...second })))).applied.map(({ number }) => number),
    ).toEqual([2])
  })

  it('names the statement of a failure that has no position, and a deferred constraint before commit', async () => {
    const divide = await refusal(
      applyMigrations(options(files({ '1_a.sql': 'create table a ();\nselect 1 / (select 0);' }))),
    )
    expect(divide.details).toMatchObject({ line: 2, column: 1, sqlState: '22012' })
    const sql = `create table b (id int primary key, up int references b deferrable initially deferred);\ninsert into b values (1, 2);`
    const deferred = await refusal(applyMigrations(options(files({ '1_a.sql': sql }))))
    expect(deferred.details).toMatchObject({ file: '1_a.sql', sqlState: '23503' })
    expect((await client.query("select to_regclass('b') as b")).rows).toEqual([{ b: null }])
  })

  it('runs a file outside a transaction when it says so, and again after it failed half-way', async () => {
    const head = '-- banyan: no transaction\n'
    const index = 'create index concurrently if not exists by_total on orders (total);'
    await applyMigrations(options(files({ ...first, '2_index.sql': head + index })))
    const half = {
      ...first,
      '2_index.sql': head + index,
      '3_half.sql': `${head}create table if not exists half ();\nselect nothing;`,
    }
    const error = await refusal(applyMigrations(options(files(half))))
    expect(error.message).toContain('the statements before this one stay done')
    expect((await client.query("select to_regclass('half') as half")).rows).toEqual([{ half: 'half' }])
    const mended = { ...half, '3_half.sql': `${head}create table if not exists half ();\nselect 1;` }
    expect((await applyMigrations(options(files(mended)))).applied.map(({ number }) => number)).toEqual([3])
    expect((await applyMigrations(options(files(mended)))).applied).toEqual([])
  })

  it('gives the next migration the session that the first one had', async () => {
    const migrations = files({
      '1_a.sql': "set search_path to pg_catalog; set datestyle to 'German'; select 1",
    })
    await applyMigrations(options(migrations))
    expect((await client.query('show search_path')).rows).toEqual([{ search_path: schema }])
    expect((await client.query('show datestyle')).rows).toEqual([{ DateStyle: 'ISO, MDY' }])
  })

  it('refuses drift, and lists what was added, changed and removed', async () => {
    const migrations = files({ ...first, ...second })
    await applyMigrations(options(migrations))
    await client.query(`alter table orders add colour text; alter table orders alter total type numeric;
      drop index lines_sku_idx; create table extra (id int primary key, note text); create view seen as select 1 as one`)
    const error = await refusal(applyMigrations(options(migrations)))
    expect(error.code).toBe('schema-drift')
    const problems = (error.details as { problems: { where: string; what: string }[] }).problems
    expect(problems.map(({ where, what }) => `${where}: ${what}`)).toEqual([
      'column orders.colour: was added: text',
      'column orders.total: was: bigint not null; is now: numeric not null (column)',
      'constraint orders.orders_total_check: was: CHECK (total >= 0); is now: CHECK (total >= 0::numeric) (constraint)',
      expect.stringMatching(/^index lines_sku_idx: is gone; it was: CREATE INDEX lines_sku_idx ON lines USING btree/),
      'table extra: was added: table',
      expect.stringMatching(/^view seen: was added: +SELECT 1 AS one;$/),
    ])
  })

  it('sees every kind of object change', async () => {
    const sql = `create type mood as enum ('sad', 'ok'); create domain positive as int check (value > 0);
      create type pair as (a int, b text); create table t (id int generated always as identity, m mood default 'sad',
      double int generated always as (1 + 1) stored); create sequence s increment 2; create materialized view mv as select 1 as one;
      create function f(x int) returns int language sql as 'select x'; create function tf() returns trigger language plpgsql
      as 'begin return new; end'; create trigger tg before insert on t for each row execute function tf();
      alter table t enable row level security; create policy p on t using (id > 0); create procedure pr() language sql as 'select 1';
      create aggregate total(int) (sfunc = int4pl, stype = int); create statistics st on id, m from t; create type span as range (subtype = int);
      create table parts (at int) partition by range (at); create rule r as on update to t do instead nothing;`
    const migrations = files({ '1_all.sql': sql })
    await applyMigrations(options(migrations))
    const changes: [string, string][] = [
      ["alter type mood add value 'good'", 'type mood'],
      ['alter domain positive set not null', 'domain positive'],
      ['alter type pair add attribute c int', 'type pair'],
      ['alter table t alter id set generated by default', 'column t.id'],
      ["alter table t alter m set default 'ok'", 'column t.m'],
      ['alter sequence s increment 3', 'sequence s'],
      ["create or replace function f(x int) returns int language sql as 'select x + 1'", 'function f(x integer)'],
      ['alter table t disable trigger tg', 'trigger t.tg'],
      ['alter policy p on t using (id > 1)', 'policy t.p'],
      ['alter table t force row level security', 'table t'],
      ['drop materialized view mv', 'materialized view mv'],
      ['drop statistics st', 'statistics st'],
      ['drop rule r on t', 'rule t.r'],
      ['drop aggregate total(int)', 'aggregate total(integer)'],
      ['drop procedure pr', 'procedure pr()'],
      ['alter table t set unlogged', 'table t'],
    ]
    for (const [change] of changes) await client.query(change)
    const { drift } = await applyMigrations(options(migrations, { drift: 'warn' }))
    expect(drift.map(({ part }) => part).sort()).toEqual([...new Set(changes.map(([, part]) => part))].sort())
    // Partitions are data, and Banyan's own tables are its own.
    const { drift: accepted } = await applyMigrations(options(migrations, { drift: 'accept' }))
    expect(accepted).toEqual(drift)
    await client.query(
      'create table parts_1 partition of parts for values from (1) to (2); create table banyan_more ()',
    )
    expect((await applyMigrations(options(migrations))).drift).toEqual([])
  })

  it('goes on warning of a drift after another migration, and stops when it is accepted', async () => {
    await applyMigrations(options(files(first)))
    await client.query('alter table orders add colour text')
    const both = files({ ...first, ...second })
    const warned = await applyMigrations(options(both, { drift: 'warn' }))
    expect([warned.applied.length, warned.drift.map(({ part }) => part)]).toEqual([1, ['column orders.colour']])
    expect((await refusal(applyMigrations(options(both)))).code).toBe('schema-drift')
    await applyMigrations(options(both, { drift: 'accept' }))
    expect((await applyMigrations(options(both))).drift).toEqual([])
  })

  it('is done once when many processes start at once', async () => {
    const migrations = files({ ...first, ...second, '3_slow.sql': 'select pg_sleep(0.2); create table slow ()' })
    const clients = await Promise.all(Array.from({ length: 6 }, () => connectAs()))
    const results = await Promise.all(clients.map((each) => applyMigrations(options(migrations, { client: each }))))
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 0, 0, 3])
    for (const each of clients) await each.end()
  })

  it('gives up waiting for another process, and says which', async () => {
    const holder = await connectAs()
    await holder.query("set application_name = 'the other'")
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { withMigrationLock } = await import('../../src/migrate/lock.js')
    let entered = (): void => undefined
    const inside = new Promise<void>((resolve) => {
      entered = resolve
    })
    const work = withMigrationLock(holder, { schema, module: 'orders', waitMs: 0 }, async () => {
      entered()
      await held
    })
    await inside
    const error = await refusal(applyMigrations(options(files(first), { lockWaitMs: 200 })))
    expect(error.message).toMatch(
      /Another process migrates orders, and did not finish within 200 ms: backend \d+ \(the other, local\) since/,
    )
    release()
    await work
    expect((await applyMigrations(options(files(first)))).applied).toHaveLength(1)
    await holder.end()
  })

  it('keeps a killed process from leaving half a migration or a false drift', async () => {
    const killed = await connectAs()
    const pid = (await killed.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
    const migrations = files({ ...first, '2_b.sql': 'create table b (); select pg_sleep(30); create table c ()' })
    const work = refusal(applyMigrations(options(migrations, { client: killed })))
    const admin = await cluster.connect()
    for (;;) {
      const { rows } = await admin.query('select query from pg_stat_activity where pid = $1', [pid])
      if (rows[0]?.query.includes('pg_sleep(30)')) break
    }
    await admin.query('select pg_terminate_backend($1)', [pid])
    expect(['unavailable', 'migration-failed']).toContain((await work).code)
    await admin.end()
    const mended = files({ ...first, '2_b.sql': 'create table b (); create table c ()' })
    expect((await applyMigrations(options(mended))).applied.map(({ number }) => number)).toEqual([2])
    expect((await applyMigrations(options(mended))).drift).toEqual([])
  })

  it('plans without changing anything, and tells the status of each', async () => {
    const migrations = files({ ...first, ...second })
    const plan = await planMigrations({ client, schema, module: 'orders', migrations })
    expect(plan.pending.map(({ file, statements }) => [file, statements.length])).toEqual([
      ['0001_orders.sql', 1],
      ['0002_lines.sql', 2],
    ])
    expect((await client.query('select count(*)::int from pg_tables where schemaname = $1', [schema])).rows).toEqual([
      { count: 0 },
    ])
    await applyMigrations(options(migrations))
    await client.query('drop index lines_sku_idx')
    const changed = files({ ...first, '0002_lines.sql': 'select 1', '0003_new.sql': 'select 1' })
    const status = await migrationStatus({ client, schema, module: 'orders', migrations: changed })
    expect(status.migrations.map(({ number, state }) => [number, state])).toEqual([
      [1, 'applied'],
      [2, 'edited'],
      [3, 'pending'],
    ])
    expect(status.problems.map(({ where }) => where)).toEqual(['text', 'index lines_sku_idx'])
    expect((await refusal(planMigrations({ client, schema, module: 'orders', migrations: changed }))).code).toBe(
      'migration-edited',
    )
  })

  it('sums all steps up in a scratch database and compares', async () => {
    const migrations = files({ ...first, ...second })
    await applyMigrations(options(migrations))
    const sum = (given: readonly Migration[]) =>
      verifySum({
        admin: cluster.config(),
        modules: [{ name: 'orders', schema, role: 'orders', migrations: given }],
        now: () => start,
      })
    expect(await sum(migrations)).toEqual([])
    await client.query('alter table orders drop constraint orders_total_check')
    await applyMigrations(options(migrations, { drift: 'accept' }))
    expect(await sum(migrations)).toMatchObject([{ where: 'constraint orders.orders_total_check' }])
    const privileged = files({ '1_a.sql': 'create table a ();\ncreate role somebody' })
    const fresh = { name: 'fresh', schema: 'fresh', role: 'orders', migrations: privileged }
    const found = await verifySum({ admin: cluster.config(), modules: [fresh], now: () => start })
    expect(found).toMatchObject([{ who: 'module fresh', where: '1_a.sql:2' }])
    const left = await client.query("select datname from pg_database where datname like 'banyan_scratch%'")
    expect(left.rows).toEqual([])
  })
}
