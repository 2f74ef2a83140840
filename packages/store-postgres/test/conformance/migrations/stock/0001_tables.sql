create table levels (
  sku text primary key,
  level int not null
);
