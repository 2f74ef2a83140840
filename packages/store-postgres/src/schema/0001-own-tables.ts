/**
 * Banyan's own tables and functions inside a module's schema, version 1. Never edited once released: a change is the
 * next number. Times are milliseconds since 1970. JSON is kept as `json`, which keeps the text byte for byte (P1);
 * `jsonb` would sort keys and drop repeats.
 */
export const ownTables = /* sql */ `
create table banyan_meta (
  only_row boolean primary key default true check (only_row),
  version int not null,
  incarnation uuid not null default gen_random_uuid()
);

-- Next positions. A page holds few rows, so that updates stay on the page and are pruned there.
create table banyan_lanes (
  lane smallint primary key,
  position bigint not null default 0
) with (fillfactor = 20);
insert into banyan_lanes (lane) select lane from generate_series(0, 63) lane;

create table banyan_log (
  lane smallint not null,
  position bigint not null,
  id uuid not null,
  key text not null,
  type text not null,
  version int not null,
  data json not null,
  at bigint not null,
  context json not null,
  primary key (lane, position)
);

-- Up to where a lane was pruned; apart from the lanes, so that pruning holds nobody up.
create table banyan_log_floors (
  lane smallint primary key,
  position bigint not null default 0
);
insert into banyan_log_floors (lane) select lane from generate_series(0, 63) lane;

create table banyan_registrations (
  subscriber text not null,
  subscription text not null,
  positions bigint[] not null check (cardinality(positions) = 64),
  at bigint not null,
  primary key (subscriber, subscription)
);

create table banyan_inbox (
  id uuid primary key,
  input_hash text not null,
  outcome json not null,
  at bigint not null
);
create index banyan_inbox_at on banyan_inbox (at);

create table banyan_progress (
  subscription text not null,
  source text not null,
  lane smallint not null,
  position bigint not null,
  epoch bigint not null default 0,
  incarnation text not null,
  primary key (subscription, source, lane)
) with (fillfactor = 30);

create table banyan_parked (
  subscription text not null,
  source text not null,
  lane smallint not null,
  position bigint not null,
  key text not null,
  id uuid not null,
  type text not null,
  version int not null,
  data json not null,
  at bigint not null,
  context json not null,
  attempts int not null,
  next_at bigint not null,
  error json,
  primary key (subscription, source, lane, position)
);
create index banyan_parked_key on banyan_parked (subscription, source, lane, key, position);

create table banyan_leases (
  name text not null,
  block smallint not null,
  epoch bigint not null default 0,
  owner_pid int,
  owner_started timestamptz,
  renewed_at timestamptz,
  primary key (name, block)
) with (fillfactor = 30);

create table banyan_jobs (
  id uuid primary key,
  module text not null,
  operation text not null,
  input json not null,
  run_at bigint not null,
  context json not null,
  attempts int not null default 0,
  error json
);
create index banyan_jobs_run_at on banyan_jobs (run_at);

create table banyan_dead_letters (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('event', 'job')),
  source text not null,
  subscription text,
  lane smallint,
  position bigint,
  key text,
  message_id uuid not null,
  type text not null,
  version int,
  data json not null,
  original json,
  at bigint,
  context json not null,
  error json not null,
  attempts int not null,
  died_at bigint not null,
  holds boolean not null default false
);
create index banyan_dead_letters_held on banyan_dead_letters (subscription, source, lane, key) where holds;

create table banyan_dead_letter_audit (
  id bigint generated always as identity primary key,
  letter bigint not null,
  action text not null check (action in ('edit', 'resubmit', 'drop')),
  by text not null,
  at bigint not null,
  data json not null
);

-- BY001: a twin of the command runs. BY002: its outcome is recorded. BY003: fenced.
-- The look-up comes after the lock and has a snapshot of its own, so a twin that just committed is seen (C2).
create function banyan_begin_command(command uuid, lock_key bigint) returns void language plpgsql as $$
begin
  if not pg_try_advisory_xact_lock(lock_key) then
    raise exception using errcode = 'BY001', message = 'a twin of the command runs';
  end if;
  if exists (select from banyan_inbox i where i.id = command) then
    raise exception using errcode = 'BY002', message = 'the outcome of the command is recorded';
  end if;
end $$;

create function banyan_append_one(
  event_lane smallint, event_id uuid, event_key text, event_type text, event_version int, event_data json,
  event_at bigint, event_context json
) returns bigint language plpgsql as $$
declare
  taken bigint;
begin
  update banyan_lanes l set position = l.position + 1 where l.lane = event_lane returning l.position into strict taken;
  insert into banyan_log (lane, position, id, key, type, version, data, at, context)
  values (event_lane, taken, event_id, event_key, event_type, event_version, event_data, event_at, event_context);
  return taken;
end $$;

-- lanes: distinct, ascending (I3 of the port); counts: how many events each takes. Returns the position before each.
create function banyan_take_lanes(lanes smallint[], counts int[]) returns bigint[] language plpgsql as $$
declare
  bases bigint[] := '{}';
  base bigint;
begin
  for slot in 1 .. cardinality(lanes) loop
    update banyan_lanes l set position = l.position + counts[slot] where l.lane = lanes[slot]
    returning l.position - counts[slot] into strict base;
    bases := bases || base;
  end loop;
  return bases;
end $$;

-- slots: index of the event's lane in lanes; ranks: its number within its lane, from 1.
create function banyan_append(
  lanes smallint[], counts int[], slots int[], ranks int[], ids uuid[], keys text[], types text[], versions int[],
  datas text[], ats bigint[], contexts text[]
) returns bigint[] language plpgsql as $$
declare
  bases bigint[] := banyan_take_lanes(lanes, counts);
begin
  insert into banyan_log (lane, position, id, key, type, version, data, at, context)
  select lanes[e.slot], bases[e.slot] + e.rank, e.id, e.key, e.type, e.version, e.data::json, e.at, e.context::json
  from unnest(slots, ranks, ids, keys, types, versions, datas, ats, contexts)
    as e (slot, rank, id, key, type, version, data, at, context);
  return bases;
end $$;

create function banyan_advance(
  of_subscription text, of_source text, lanes smallint[], froms bigint[], tos bigint[], epochs bigint[]
) returns void language plpgsql as $$
declare
  moved int;
begin
  update banyan_progress p set position = s.target
  from unnest(lanes, froms, tos, epochs) as s (lane, origin, target, epoch)
  where p.subscription = of_subscription and p.source = of_source and p.lane = s.lane
    and p.position = s.origin and p.epoch = s.epoch;
  get diagnostics moved = row_count;
  if moved <> cardinality(lanes) then
    raise exception using errcode = 'BY003', message = 'fenced';
  end if;
end $$;

-- The shared lock on the progress row keeps a new owner from stamping its epoch before this unit ends.
create function banyan_guard(of_subscription text, of_source text, of_lane smallint, of_epoch bigint)
returns void language plpgsql as $$
begin
  perform from banyan_progress p
  where p.subscription = of_subscription and p.source = of_source and p.lane = of_lane and p.epoch = of_epoch
  for share;
  if not found then
    raise exception using errcode = 'BY003', message = 'fenced';
  end if;
end $$;

create function banyan_handled(
  of_subscription text, of_source text, of_lane smallint, of_position bigint, of_epoch bigint
) returns void language plpgsql as $$
begin
  perform banyan_guard(of_subscription, of_source, of_lane, of_epoch);
  delete from banyan_parked p
  where p.subscription = of_subscription and p.source = of_source and p.lane = of_lane and p.position = of_position;
  if not found then
    raise exception using errcode = 'BY003', message = 'fenced';
  end if;
end $$;

-- A log's identity: made with it, and changed when a server was restored or failed over to another timeline (L4).
create function banyan_incarnation() returns text language plpgsql stable as $$
declare
  made uuid := (select incarnation from banyan_meta);
begin
  return made || ':' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
exception when insufficient_privilege or feature_not_supported or undefined_function then
  return made || ':unknown';
end $$;

-- A session is alive when the server lists it with the same start; process ids are used again, starts are not.
create function banyan_acquire(of_name text, blocks smallint[], stale_ms bigint)
returns table (block smallint, epoch bigint) language plpgsql as $$
#variable_conflict use_column
declare
  mine timestamptz := (select backend_start from pg_stat_activity where pid = pg_backend_pid());
  lease banyan_leases;
begin
  insert into banyan_leases (name, block) select of_name, b from unnest(blocks) b order by b on conflict do nothing;
  for lease in
    select l.* from banyan_leases l where l.name = of_name and l.block = any (blocks)
    order by l.block for update skip locked
  loop
    if lease.owner_pid = pg_backend_pid() and lease.owner_started = mine then
      continue;
    end if;
    if exists (select from pg_stat_activity a where a.pid = lease.owner_pid and a.backend_start = lease.owner_started) then
      if lease.renewed_at > clock_timestamp() - stale_ms * interval '1 millisecond' then
        continue;
      end if;
      perform pg_terminate_backend(lease.owner_pid, 5000);
    end if;
    update banyan_leases l
    set epoch = l.epoch + 1, owner_pid = pg_backend_pid(), owner_started = mine, renewed_at = clock_timestamp()
    where l.name = of_name and l.block = lease.block;
  end loop;
  return query
    select l.block, l.epoch from banyan_leases l
    where l.name = of_name and l.owner_pid = pg_backend_pid() and l.owner_started = mine
    order by l.block;
end $$;

insert into banyan_meta (version) values (1);
`
