create table orders (
  order_id text primary key,
  customer_id text not null,
  country text not null,
  payment_method text not null,
  status text not null check (status in ('placed', 'confirmed', 'paid', 'shipped', 'cancelled', 'returned')),
  total_minor bigint not null check (total_minor >= 0),
  refunded_minor bigint not null default 0 check (refunded_minor between 0 and total_minor),
  placed_at timestamptz not null,
  reason text
);
create index orders_customer on orders (customer_id, placed_at desc);
create index orders_placed on orders (placed_at desc);
create table lines (
  order_id text not null references orders,
  line integer not null,
  sku text not null,
  quantity bigint not null check (quantity > 0),
  unit_price_minor bigint not null check (unit_price_minor >= 0),
  returned bigint not null default 0 check (returned between 0 and quantity),
  primary key (order_id, line)
);
create table credits (
  credit_id text primary key,
  customer_id text not null,
  country text not null,
  total_minor bigint not null,
  credited_at timestamptz not null,
  lines jsonb not null
);
