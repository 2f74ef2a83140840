create table stock (
  sku text primary key,
  on_hand bigint not null check (on_hand >= 0)
);
-- Every move of stock, so that levels can be proven from moves.
create table moves (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('receipt', 'adjustment', 'sale', 'release', 'return')),
  reference text not null,
  sku text not null,
  quantity bigint not null
);
create table reservations (
  order_id text primary key,
  lines jsonb not null,
  released boolean not null default false
);
