create table days (
  day date primary key,
  revenue_minor bigint not null,
  orders bigint not null
);
create table countries (
  country text primary key,
  revenue_minor bigint not null,
  orders bigint not null
);
create table products (
  sku text primary key,
  revenue_minor bigint not null,
  units bigint not null
);
