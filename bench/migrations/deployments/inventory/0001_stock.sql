create table stock (
  sku text primary key,
  on_hand int not null,
  reserved int not null
);

create table reservations (
  id uuid primary key,
  order_id uuid not null,
  units int not null
);

insert into stock select 'sku-' || n, 1000000000, 0 from generate_series(0, 499) as n;
