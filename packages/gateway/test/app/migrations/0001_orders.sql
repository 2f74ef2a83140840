create table orders (id uuid primary key, customer text not null, total integer not null);
