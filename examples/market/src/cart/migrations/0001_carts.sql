create table carts (
  cart_id text primary key,
  -- The number that the order of this cart has: known before it is placed, so that a cart becomes one order at most.
  order_id text not null,
  status text not null default 'open' check (status in ('open', 'closed', 'ordered'))
);
create table lines (
  cart_id text not null references carts,
  sku text not null,
  quantity bigint not null check (quantity > 0),
  primary key (cart_id, sku)
);
