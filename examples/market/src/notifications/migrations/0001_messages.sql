create table messages (
  id bigint generated always as identity primary key,
  customer_id text not null,
  order_id text not null,
  subject text not null
);
create index messages_customer on messages (customer_id, id desc);
