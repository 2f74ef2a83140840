create table carts (
  cart_id text primary key,
  order_id text
);
create table lines (
  cart_id text not null references carts,
  sku text not null,
  quantity bigint not null check (quantity > 0),
  primary key (cart_id, sku)
);
