create table entries (n int generated always as identity primary key, origin text not null, key text not null, value int not null);
create table gate (opened boolean not null);
