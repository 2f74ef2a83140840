create table payments (
  id uuid primary key,
  order_id uuid not null,
  customer_id text not null,
  amount_minor int not null
);
