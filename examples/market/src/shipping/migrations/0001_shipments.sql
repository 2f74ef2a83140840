create table shipments (
  order_id text primary key,
  tracking_number text not null unique,
  country text not null
);
