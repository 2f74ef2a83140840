create table shipments (
  order_id text primary key,
  tracking_number text not null unique,
  country text not null,
  status text not null check (status in ('packed', 'dispatched', 'unpacked'))
);
