create table notes (id text primary key, text text not null);
create table heard (text text not null);
