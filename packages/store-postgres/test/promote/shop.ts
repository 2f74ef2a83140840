import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreModule } from '@banyan/runtime'
import type { Client } from 'pg'
import { readMigrations } from '../../src/migrate/read.js'
import { sideOf } from '../../src/promote/session.js'
import { prepareTarget } from '../../src/promote/target.js'
import { planNames } from '../../src/schema/plan.js'
import { type Cluster, writeMigrations } from '../migrate/cluster.js'

export const app = 'shop'

/** What a module may hold, and what a copy must mind. */
const orders = [
  `create type mood as enum ('sad', 'ok');
   create type money_part as (currency text, minor bigint);
   create domain sku as text check (value <> '');
   create function is_known(x sku) returns boolean language sql immutable as 'select length(x) > 0';
   create function checked(x sku) returns boolean language sql immutable as 'select is_known(x)';`,
  `create table customers (id bigint generated always as identity primary key, name text not null, boss bigint references customers,
     favourite bigint, weird real, precise double precision, huge numeric, at timestamptz, day date, span interval, raw bytea,
     doc json, docb jsonb, tags text[], feeling mood, part money_part, code sku check (checked(code)),
     shout text generated always as (upper(name)) stored);
   create table orders (id serial primary key, customer bigint not null references customers, total bigint default 7);
   alter table customers add constraint favourite_order foreign key (favourite) references orders (id) deferrable initially deferred;
   create index on orders (customer);
   insert into customers (name) values ('seeded by the migration');`,
  `create table events (at date not null, kind text not null, note text, primary key (at, kind)) partition by range (at);
   create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
   create table events_old partition of events for values from ('2000-01-01') to ('2001-01-01');
   create materialized view totals as select customer, sum(total) as total from orders group by customer;
   create materialized view top as select max(total) as total from totals;
   create table audit (id bigint, what text);
   create function note_it() returns trigger language plpgsql as
     $$ begin insert into audit values (new.id, 'order'); return new; end $$;
   create trigger noted after insert on orders for each row execute function note_it();
   create trigger asleep after insert on orders for each row execute function note_it();
   alter table orders disable trigger asleep;
   create table nothing ();
   create sequence ticket increment 5;
   create table "Odd ""Name" ("a b" text, "ü" int);
   alter table audit enable row level security;`,
]

const billing = ['create table invoices (id uuid primary key, body text);']

/** Writes the migrations of the shop's two modules. */
export function shopModules(): { modules: readonly StoreModule[]; remove: () => void } {
  const made = writeMigrations((folder) => {
    for (const [name, files] of Object.entries({ orders, billing })) {
      mkdirSync(join(folder, name))
      files.forEach((sql, index) => {
        writeFileSync(join(folder, name, `${index + 1}_step.sql`), sql)
      })
    }
  })
  const modules = ['orders', 'billing'].map((name) => ({ name, migrations: join(made.folder, name) }))
  return { modules, remove: made.remove }
}

/** Makes a database and installs the shop there, as a start of the app would. */
export async function installShop(cluster: Cluster, database: string, modules: readonly StoreModule[]): Promise<void> {
  await makeDatabase(cluster, database)
  const { planned } = planNames(app, modules)
  const named = planned.map((plan) => {
    const { name, migrations = '' } = plan.module
    return { ...plan, name, migrations: readMigrations(migrations) }
  })
  const migrations = new Map(named.map((module) => [module.name, module.migrations]))
  const plan = { app, modules: named, migrations, secret: undefined, now: () => 1_700_000_000_000 }
  await prepareTarget(sideOf(connectionTo(cluster, database)), plan)
}

export async function makeDatabase(cluster: Cluster, database: string): Promise<void> {
  const admin = await cluster.connect()
  await admin.query(`drop database if exists ${database} with (force)`)
  await admin.query(`create database ${database} template template0`)
  await admin.end()
}

/** An untouched copy of the filled source, and an empty target, both named `shop`. */
export async function freshShop(from: Cluster, to: Cluster): Promise<void> {
  const admin = await from.connect()
  await admin.query('drop database if exists shop with (force)')
  await admin.query('create database shop template filled')
  await admin.end()
  await makeDatabase(to, 'shop')
}

export function connectionTo(cluster: Cluster, database: string) {
  return { host: cluster.folder, port: 5432, user: 'postgres', database }
}

/** Fills the shop with rows that are hard to copy; `rows` orders and as many events in each lane's log. */
export async function fillShop(client: Client, rows: number): Promise<void> {
  await client.query(`set search_path = orders;
    insert into customers (name, boss, weird, precise, huge, at, day, span, raw, doc, docb, tags, feeling, part, code)
    select 'name ' || n, n, 'NaN', 0.1 + n / 3.0, n::numeric / 7, '2024-02-29 23:59:59.123456+05:45', 'infinity',
      '1 year 2 mons -3 days 04:05:06.789', decode(md5(n::text), 'hex'), '{"b":1,  "a":[1.0,1e2],"b":2}', '{"a":1}',
      array['a\\b', 'c"d', null, e'tab\\tline\\n', '\\N'], 'ok', row('EUR'::text, n::bigint)::money_part, 'sku'
    from generate_series(1, ${rows}) n;
    insert into orders (customer, total) select n, n from generate_series(1, ${rows}) n;
    update customers set favourite = id - 1 where id > 1;
    create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01') partition by list (kind);
    alter table events_2026 owner to shop_orders;
    create table events_2026_a partition of events_2026 for values in ('a');
    alter table events_2026_a owner to shop_orders;
    create table events_rest partition of events default;
    alter table events_rest owner to shop_orders;
    drop table events_old;
    insert into events select '2025-06-01'::date + (n % 400), case when n % 400 > 213 then 'a' else 'b' || n end, 'note ' || n
      from generate_series(1, ${rows}) n on conflict do nothing;
    insert into events values ('1999-01-01', 'ancient', null);
    select nextval('ticket') from generate_series(1, 3);
    insert into nothing default values; insert into nothing default values;
    insert into "Odd ""Name" values (null, 1), ('', 2), (e'\\\\.', null);
    refresh materialized view totals; refresh materialized view top;
    update banyan_lanes set position = ${rows};
    insert into banyan_log select lane, p, gen_random_uuid(), 'key', 'placed', 1, '{"n":1.50}', p, '{}'
      from generate_series(0, 63) lane, generate_series(1, ${rows}) p;
    update banyan_meta set incarnation = '11111111-1111-4111-8111-111111111111';
    insert into banyan_leases values ('on:orders', 0, 9, 123, now(), now());
    set search_path = orders`)
  // Two servers rarely stand at different timelines by chance; this source does.
  await client.query(`alter function banyan_incarnation() rename to banyan_real;
    create function banyan_incarnation() returns text language sql as $$ select left(orders.banyan_real(), 36) || ':0000000A' $$`)
  const heads = await client.query<{ incarnation: string }>('select banyan_incarnation() as incarnation')
  await client.query(`set search_path = billing;
    insert into banyan_progress select 'on', 'orders', lane, ${rows} - 1, 9, '${heads.rows[0]?.incarnation}'
      from generate_series(0, 62) lane;
    insert into banyan_progress values ('on', 'orders', 63, 1, 9, 'another log');
    insert into invoices select gen_random_uuid(), repeat('x', 1000) || n from generate_series(1, ${rows}) n;
    insert into invoices values (gen_random_uuid(), repeat('big row ', 1000000));
    reset search_path`)
}

/** Row counts of all tables of the shop, partitions singly, and the values of sequences: what a copy must keep. */
export async function countShop(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    `select format('%I.%I', schemaname, relname) as name, kind from (
       select schemaname, tablename as relname, 'table' as kind from pg_tables
       union all select schemaname, matviewname, 'table' from pg_matviews
       union all select schemaname, sequencename, 'sequence' from pg_sequences) as all_of_it
     where schemaname in ('orders', 'billing') order by 1`,
  )
  const counts: Record<string, string> = {}
  for (const { name, kind } of rows) {
    const what = kind === 'sequence' ? "last_value || ' ' || is_called" : 'count(*)::text'
    const result = await client.query<{ value: string }>(`select ${what} as value from ${name}`)
    counts[name] = result.rows[0]?.value ?? ''
  }
  return counts
}
