create table payments (
  order_id text primary key,
  method text not null,
  amount_minor bigint not null,
  status text not null check (status in ('pending', 'captured', 'declined')),
  -- Whether the order was cancelled: money that comes in all the same goes back.
  cancelled boolean not null default false
);
create table refunds (
  refund_id text primary key,
  order_id text not null,
  amount_minor bigint not null,
  paid_out boolean not null default false
);
create index refunds_order on refunds (order_id);
