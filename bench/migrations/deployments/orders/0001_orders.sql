create table orders (
  id uuid primary key,
  customer_id text not null,
  total_minor int not null
);

create table order_lines (
  order_id uuid not null references orders (id),
  number int not null,
  sku text not null,
  quantity int not null,
  price_minor int not null,
  primary key (order_id, number)
);
