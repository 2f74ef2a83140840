create table levels (sku text primary key, available int not null);
create table reservations (order_id uuid primary key, sku text not null, quantity int not null);
insert into levels select 'sku-' || n, 1000000 from generate_series(1, 20) n;
insert into levels values ('rare', 1);
