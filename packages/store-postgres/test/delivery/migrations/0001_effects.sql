create table effects (
  number bigint generated always as identity primary key,
  event uuid not null,
  source text not null,
  key text not null,
  position bigint not null,
  transaction xid8 not null default pg_current_xact_id()
);
create table counters (key text primary key, count bigint not null, last bigint not null);
create table once (event uuid primary key);
create table checked (event uuid primary key references once deferrable initially deferred);
