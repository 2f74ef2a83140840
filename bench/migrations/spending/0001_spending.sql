create table spending (
  customer_id text primary key,
  orders int not null,
  total_minor bigint not null
);
