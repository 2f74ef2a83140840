create table accounts (account text primary key, balance bigint not null, number int not null);
-- Without a key: what happened twice must show.
create table moves (transfer_id uuid not null, account text not null, amount bigint not null, number int not null);
