create table orders (
  id uuid primary key,
  amount int not null default 0
);
create table lines (
  id bigint generated always as identity primary key,
  order_id uuid not null references orders (id) deferrable initially deferred
);
create table counters (
  name text primary key,
  count bigint not null default 0
);
