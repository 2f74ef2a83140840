create table orders (id uuid primary key, customer text not null, sku text not null, quantity int not null, status text not null);
