create table products (
  sku text primary key,
  name text not null,
  price_minor int not null,
  tax_percent int not null
);

insert into products
select 'sku-' || n, 'Product ' || n, 100 + n, 19 from generate_series(0, 499) as n;
