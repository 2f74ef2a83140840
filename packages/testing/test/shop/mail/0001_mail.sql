create table sent (id bigint generated always as identity, order_id uuid not null, kind text not null, position bigint not null);
create table seen (event_id uuid not null, sku text not null, position bigint not null, n bigint generated always as identity);
