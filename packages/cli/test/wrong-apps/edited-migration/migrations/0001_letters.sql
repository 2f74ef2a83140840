create table letters (id uuid primary key);
