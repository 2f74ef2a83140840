create table orders (
  order_id text primary key,
  email text not null,
  total_minor integer not null check (total_minor >= 0)
);
