create table charges (
  charge_id text primary key,
  amount_minor bigint not null
);
create table refunds (
  refund_id text primary key,
  amount_minor bigint not null
);
